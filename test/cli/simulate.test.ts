import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readAnyEvent, readEvent } from "../../src/node/index.ts";
import { readRedvid, submissionFromTracks, writeSubmission } from "../../src/tracking/index.ts";
import { filesIn, folder, run, writeWeights } from "./helpers.ts";

const small = ["--particles", "12", "--quiet", "--json"];

test("simulate writes whole events and the detector, the same for one seed", async () => {
  const [here, again] = [folder(), folder()];
  const { code, stdout } = await run("simulate", ...small, "--events", "2", "-o", here);
  expect(code).toBe(0);
  const { events } = JSON.parse(stdout);
  expect(events.map(({ event }: { event: string }) => event)).toEqual([
    "event000000001",
    "event000000002",
  ]);
  const kinds = ["cells", "hits", "particles", "truth"];
  const names = events.flatMap((e: { event: string }) =>
    kinds.map((kind) => `${e.event}-${kind}.csv`),
  );
  expect(filesIn(here)).toEqual(["detectors.csv", ...names]);
  const event = await readEvent(join(here, "event000000002"));
  expect(event.numHits).toBe(events[1].hits);
  await run("simulate", ...small, "--first", "2", "--gzip", "-o", again);
  expect(await readEvent(join(again, "event000000002"))).toEqual(event);
});

test("score gives 1 to the truth of a simulated event, and reconstruct runs on it", async () => {
  const here = folder();
  await run("simulate", ...small, "-o", here);
  const prefix = join(here, "event000000001");
  const { truth, hits } = await readEvent(prefix);
  const tracks = Int32Array.from(truth!.particleIndex, (p) => p - 1);
  writeFileSync(
    join(here, "tracks.csv"),
    writeSubmission(submissionFromTracks(tracks, hits.hitId)),
  );
  const scored = await run("score", join(here, "tracks.csv"), `${prefix}-truth.csv`, "--json");
  const { mean } = JSON.parse(scored.stdout);
  expect(mean.trackml).toBeCloseTo(1, 6);
  expect(mean.perfect).toBe(1);
  const model = ["--model", "transformer-regressor", "--weights", await writeWeights(here)];
  const found = await run("reconstruct", prefix, ...model, "--device", "js", "--json");
  expect(found.code).toBe(0);
  expect(JSON.parse(found.stdout).events[0].hits).toBe(hits.hitId.length);
});

test("simulate takes another detector, and shows a given event beside its own", async () => {
  const here = folder();
  await run("simulate", ...small, "-o", here);
  const lines = readFileSync(join(here, "detectors.csv"), "utf8").split("\n");
  const pixels = [lines[0], ...lines.filter((line) => /^[789],/.test(line))].join("\n");
  writeFileSync(join(here, "pixels.csv"), pixels);
  const like = join(here, "event000000001");
  const args = ["--detectors", join(here, "pixels.csv"), "--compare", like, "--noise", "0"];
  const { events, compared } = JSON.parse((await run("simulate", ...small, ...args)).stdout);
  expect(compared.map(({ hits }: { hits: number }) => hits)).toEqual([
    (await readEvent(like)).numHits,
    events[0].hits,
  ]);
  expect(compared[1].volumes.every(({ volume }: { volume: number }) => volume <= 9)).toBe(true);
  const text = await run("simulate", "--particles", "12", ...args);
  expect(text.stdout).toMatch(/hits per particle/);

  const plots = ["--report", join(here, "compared.html"), "--svg", join(here, "plots")];
  expect((await run("simulate", ...small, ...args, ...plots)).code).toBe(0);
  expect(readFileSync(join(here, "compared.html"), "utf8")).toMatch(/simulated: \d+ hits/);
  expect(filesIn(join(here, "plots"))).toHaveLength(6);
});

test("processed events are scored, shown, reconstructed and trained on like their tables", async () => {
  const here = folder();
  const [tables, processed] = [join(here, "tables"), join(here, "processed")];
  const three = [...small, "--events", "3"];
  await run("simulate", ...three, "-o", tables);
  await run("simulate", ...three, "--processed", "-o", processed);
  const name = "event000000001";
  const { truth, hits, numHits } = await readEvent(join(tables, name));
  const tracks = Int32Array.from(truth!.particleIndex, (p) => p - 1);
  const submission = join(here, "tracks.csv");
  writeFileSync(submission, writeSubmission(submissionFromTracks(tracks, hits.hitId)));
  const weights = ["--weights", await writeWeights(here)];
  const configuration = join(here, "config.yaml");
  const settings =
    "model: transformer-regressor\nnr_epochs: 1\nnr_enc_layers: 1\nembedding_size: 8\n";
  writeFileSync(configuration, `${settings}nr_heads: 2\nhidden_dim: 8\ndata_path: ${tables}\n`);
  const device = ["--device", "js"];
  const both = async (line: (event: string, truth: string, path: string) => string[]) => {
    const ends = [
      line(join(tables, name), join(tables, `${name}-truth.csv`), tables),
      line(
        ...(Array(2).fill(join(processed, `${name}.safetensors`)) as [string, string]),
        processed,
      ),
    ];
    const [one, other] = [await run(...ends[0]!, "--json"), await run(...ends[1]!, "--json")];
    expect([one.code, other.code, other.stderr.includes("trackgrad:")]).toEqual([0, 0, false]);
    return [JSON.parse(one.stdout), JSON.parse(other.stdout)];
  };
  const [scored, again] = await both((_, truthFile) => ["score", submission, truthFile, "--quiet"]);
  expect(again.mean).toEqual(scored.mean);
  const page = join(here, "view.html");
  const [, shown] = await both((event) => ["view", event, "--tracks", submission, "-o", page]);
  expect(shown).toMatchObject({ hits: numHits, event: name });
  const model = ["--model", "transformer-regressor", ...weights, ...device];
  const [found, same] = await both((event) => ["reconstruct", event, ...model]);
  expect(same).toEqual(found);
  const [trained, alike] = await both((_event, _truth, path) => {
    const out = join(here, `run-${path === tables ? "tables" : "processed"}`);
    return ["train", configuration, "--set", `data_path=${path}`, ...device, "-o", out];
  });
  expect(alike).toEqual({ ...trained, run: alike.run });
});

test("simulate writes processed events, and sets of REDVID", async () => {
  const here = folder();
  await run("simulate", ...small, "-o", here);
  await run("simulate", ...small, "--processed", "-o", here);
  const both = ["event000000001", "event000000001.safetensors"].map((name) => join(here, name));
  const [csv, processed] = await Promise.all(both.map(readAnyEvent));
  expect(processed).toEqual(csv);
  const set = ["--layout", "redvid-curved", "--events", "3", "--tracks", "2:5", "-o", here];
  const { stdout } = await run("simulate", ...set, "--json", "--quiet");
  const file = join(here, "hits_and_tracks_3d_events_all.csv");
  const events = await readRedvid(readFileSync(file), "curved", file);
  const hits = events.reduce((sum, { trackId }) => sum + trackId.length, 0);
  expect(JSON.parse(stdout)).toMatchObject({ events: 3, hits });
});

test.each([
  [["--layout", "atlas"], /--layout: expected trackml, redvid-linear or redvid-curved, got atlas/],
  [
    ["--layout", "redvid-linear", "--min-pt", "1"],
    /--min-pt: expected --layout trackml, got redvid-linear/,
  ],
  [["--tracks", "3:5"], /--tracks: expected --layout redvid-…, got trackml/],
  [["--layout", "redvid-linear", "--tracks", "5"], /--tracks: expected MIN:MAX/],
  [["--particles", "many"], /--particles: expected a whole number ≥ 0, got many/],
  [["--particles", "0", "-o", "."], /expected an event with hits, got none/],
  [["--pileup", "5000"], /pileup\): expected a whole number from 1 to 4095, got 5000/],
  [["--noise", "1"], /noise\): expected a share from 0 to 0.99, got 1/],
  [["--detectors", "absent.csv"], /absent\.csv: expected a file that can be read/],
  [["--report", "a.html"], /--report: expected --compare with it, got none/],
  [["--compare", "absent"], /absent-hits\.csv/],
])("simulate %s is refused in one line", async (args, message) => {
  const { code, stderr } = await run("simulate", "--quiet", ...args);
  expect(stderr).toMatch(message);
  expect(stderr.split("\n")).toHaveLength(1);
  expect(code).toBe(2);
});
