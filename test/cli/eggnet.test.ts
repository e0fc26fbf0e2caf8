/** EggNet from the command line: on events that this program simulated itself. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { parse } from "yaml";
import { ConfigFile } from "../../src/cli/configFile.ts";
import { eggnetEvaluationSchema, eggnetSchema } from "../../src/cli/families/eggnetConfig.ts";
import { eventsOfEpoch, readSets } from "../../src/cli/families/eggnetSets.ts";
import { readSafetensors } from "../../src/engine/formats/safetensors.ts";
import { simulateEvent } from "../../src/tracking/index.ts";
import { folder, run, smallEggnet, smallTraining } from "./helpers.ts";

test("trains, infers and evaluates with the keys of the published configurations", async () => {
  const { path, at } = await smallEggnet(folder());
  const runPath = join(at, "run");
  const device = ["--device", "wasm", "--quiet"];
  const trained = await run("train", path, "-o", runPath, ...device, "--json");
  expect(trained.stderr).toBe("");
  expect(JSON.parse(trained.stdout)).toMatchObject({ epochs: 8, steps: 24, stopped: "epochs" });
  const losses = readFileSync(join(runPath, "metrics.jsonl"), "utf8")
    .trim()
    .split("\n")
    .flatMap((line) => JSON.parse(line).train_loss ?? []);
  expect(losses.at(-1)).toBeLessThan(0.8 * losses[0]);

  vi.stubEnv("TG_VERIFY", "0"); // the same launches again
  onTestFinished(() => void vi.unstubAllEnvs());
  const [tuned, best] = [join(at, "tuned"), join(runPath, "checkpoints/best.safetensors")];
  const only = ["-c", best, "--load_only_model_parameters", "--set", "max_epochs=1"];
  const again = await run("train", path, "-o", tuned, ...only, "-a", "cpu", "--json");
  expect(again.stderr).toContain("Device wasm");
  expect(JSON.parse(again.stdout)).toMatchObject({ run: tuned, epochs: 1, steps: 3 }); // from step 0
  const resumed = ["--checkpoint_resume_dir", runPath, "--set", "max_epochs=9", "--json"];
  const further = await run("train", path, ...resumed, ...device);
  expect(JSON.parse(further.stdout)).toMatchObject({ run: runPath, epochs: 9, steps: 27 });

  const inferred = join(at, "inferred");
  const sets = ["-d", "valset", "-d", "testset"];
  const single = ["-dv", "1", "-n", "1", "--output_dir", inferred];
  const { code, stderr } = await run("infer", path, "-c", runPath, ...single, ...sets, ...device);
  expect(code, stderr).toBe(0);
  const file = join(inferred, "testset", "event000000005.safetensors");
  const { tensors, metadata } = readSafetensors(readFileSync(file), file);
  const [numHits, dim] = tensors.get("hit_embedding")!.shape;
  expect([dim, tensors.get("hit_id")!.shape]).toEqual([4, [numHits]]);
  expect(metadata.node_features).toBe("hit_r hit_phi hit_z");
  expect(existsSync(join(inferred, "valset", "event000000004.safetensors"))).toBe(true);

  const evaluation = join(at, "eval.yaml");
  writeFileSync(evaluation, "target_tracks: { hit_particle_nhits: [3, .inf] }\neps: 0.15\n");
  const evaluated = await run("eval", path, evaluation, "-c", runPath, ...device, "--json");
  const { milliseconds, ...document } = JSON.parse(evaluated.stdout);
  const { events, mean, eps, scan, rates, hdbscan } = document;
  expect(events).toHaveLength(1);
  expect([eps, scan.length]).toEqual([0.15, 10]);
  expect(rates.efficiency).toEqual(scan[2].efficiency); // the scan has that radius too
  for (const rate of [mean.doubleMajority, hdbscan.doubleMajority, rates.efficiency.value])
    expect(rate).toBeGreaterThanOrEqual(0);

  // the same of what was inferred, without weights, as published
  const read = await run("eval", path, evaluation, "-o", inferred, "--json");
  expect(read.stderr).toBe("");
  const { milliseconds: times, ...readDocument } = JSON.parse(read.stdout);
  expect(readDocument).toEqual(document);
  expect([milliseconds.network.mean, times.network.mean].every((ms) => ms > 0)).toBe(true);
  const otherCuts = ["--set", "hard_cuts={hit_particle_pt: [0.5, .inf]}"];
  const refused = await run("eval", path, evaluation, "-o", inferred, ...otherCuts);
  expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining("were the cuts")]);
  const missing = await run("eval", path, evaluation, "-o", folder());
  expect([missing.code, missing.stderr]).toEqual([
    2,
    expect.stringContaining("event000000005.safetensors: expected what infer -o wrote"),
  ]);
});

test("published options that cannot be met are refused in one line", async () => {
  const { path, at } = await smallEggnet(folder());
  const refused = async (...args: string[]) => {
    const { code, stderr } = await run("train", path, "-o", folder(), ...args);
    expect(code).toBe(2);
    return stderr;
  };
  expect(await refused("-s")).toContain("-s: expected no job to be made");
  expect(await refused("-a", "tpu")).toContain("-a: expected cuda or cpu, got tpu");
  expect(await refused("--load_only_model_parameters")).toContain(
    "expected -c beside it, got none",
  );
  const several = async (...args: string[]) => (await run("infer", path, "-c", at, ...args)).stderr;
  expect(await several("-dv", "4")).toBe(
    "trackgrad: -dv: expected 1 (nothing here is spread over several devices), got 4",
  );
  expect(await several("--num_nodes=2")).toContain("over several machines), got 2");
  const { code, stderr } = await run("eval", smallTraining(folder()));
  expect([code, stderr]).toEqual([2, expect.stringContaining("-c: expected a run directory")]);
});

const configs = join(import.meta.dirname, "../../docs/configs");
test.each(readdirSync(configs).filter((name) => /^eggnet.*\.yaml$/.test(name)))(
  "docs/configs/%s has only keys that are read",
  (name) => {
    const config = parse(readFileSync(join(configs, name), "utf8"));
    const schema = "input_dir" in config ? eggnetSchema : eggnetEvaluationSchema;
    const { error } = schema.safeParse({
      ...config,
      ...(config.input_dir && { input_dir: configs }),
    });
    expect(error?.issues ?? []).toEqual([]);
  },
);

test("reads features of cells, and slices in azimuth", async () => {
  const { path, at } = await smallEggnet(folder());
  const changes = [
    "node_features=[hit_r, hit_phi, hit_z, hit_cell_count, hit_leta, hit_gphi]",
    "node_scales=[1000, 3.14, 1000, 1, 1, 3.14]",
    "hard_cuts={hit_particle_id: [not_in, [0]]}", // noise hits may lack cells
    "phi_segmented=true",
    "max_nodes=40",
    "graph_fraction=0.5",
    "max_epochs=1",
  ].flatMap((set) => ["--set", set]);
  const { code, stderr } = await run(
    "train",
    path,
    "-o",
    join(at, "run"),
    ...changes,
    "--device",
    "js",
  );
  expect(code, stderr).toBe(0);
  const [, hits] =
    /3 \+ 1 \+ 1 events to train, validate and test on, (\d+) hits/.exec(stderr) ?? [];
  expect(Number(hits)).toBeLessThan(4 * 40 + 200); // the test event is whole
});

const settings = async (path: string, ...sets: string[]) =>
  (await ConfigFile.read(path, sets)).resolve(eggnetSchema);

test("named events are cut into sectors, which the split counts in an order by the seed", async () => {
  const { path } = await smallEggnet(folder(), "[4, 2, 2]");
  const sets = ["events=[event000000002, event000000004]", "phi_sectors=5", "min_nodes=1"];
  const cut = "hard_cuts={hit_volume_id: [7, 9]}";
  const read = async (seed: number) => {
    const { trainset, valset, testset } = await readSets(
      await settings(path, ...sets, cut, `seed=${seed}`),
    );
    expect([trainset, valset, testset].map(({ length }) => length)).toEqual([4, 2, 2]);
    return [...trainset, ...valset, ...testset];
  };
  const events = await read(1);
  const names = events.map(({ name }) => name);
  expect(new Set(names).size).toBe(8); // no sector is in two sets
  for (const name of names) expect(name).toMatch(/^event00000000[24]-phi[0-4]$/);
  for (const { hits } of events) expect(Math.max(...hits.volume)).toBeLessThanOrEqual(9);
  expect((await read(1)).map(({ name }) => name)).toEqual(names);
  expect((await read(2)).map(({ name }) => name)).not.toEqual(names);
});

test("an epoch has all events, in an order of its own, moved as the configuration says", () => {
  const events = [1, 2, 3, 4].map((seed) => simulateEvent({ seed, particles: 2 }));
  const epoch = (which: number, random_rotation = 0, random_mirror = false) => [
    ...eventsOfEpoch(events, { seed: 5, random_rotation, random_mirror }, which),
  ];
  expect(new Set(epoch(0))).toEqual(new Set(events));
  expect(epoch(0)).not.toEqual(epoch(1));
  const turned = epoch(0, 0.1);
  expect(turned.map(({ hits }) => hits.z)).toEqual(epoch(0).map(({ hits }) => hits.z));
  for (const [e, { hits }] of turned.entries()) {
    const before = epoch(0)[e].hits;
    const angle = Math.atan2(hits.y[0], hits.x[0]) - Math.atan2(before.y[0], before.x[0]);
    expect(Math.cos(angle)).toBeGreaterThanOrEqual(Math.cos(0.1));
    expect(angle).not.toBe(0);
  }
  expect(epoch(0, 0.1)).toEqual(turned); // a resumed training sees the same
  const mirrored = [0, 1, 2, 3].flatMap((which) => epoch(which, 0, true));
  const isMirrored = mirrored.map((event) => [
    ...events.map(({ hits }) => hits.y[0] === -event.hits.y[0] && hits.x[0] === event.hits.x[0]),
  ]);
  expect(new Set(isMirrored.map((each) => each.includes(true)))).toEqual(new Set([true, false]));
});

test("what does not fit together is refused before anything runs", async () => {
  const { path } = await smallEggnet(folder(), "[3, 1, 4]");
  const refused = async (...sets: string[]) => {
    const changes = sets.flatMap((set) => ["--set", set]);
    const { code, stderr } = await run("train", path, ...changes, "--device", "wasm");
    expect(code).toBe(2);
    return stderr;
  };
  expect(await refused()).toContain("expected 4 events for the testset, got 1");
  expect(await refused("data_split=[1, 1, 1]", "node_scales=[1000]")).toContain(
    "expected a list of 3, one for each of node_features",
  );
  expect(await refused("hard_cuts={hit_pt: [1, 2, 3]}")).toContain("expected a value, [low, high]");
  expect(await refused("data_split=[1, 1, 1]", "hard_cuts={hit_pt: [1, 2]}")).toContain(
    "hit_pt: expected hit_ and one of x, y, z, r, phi",
  );
  expect(
    await refused("data_split=[1, 1, 1]", "hard_cuts={hit_particle_pt: [1000, .inf]}"),
  ).toContain("expected events with 20 hits or more after the cuts, got none of 1");
  expect(await refused("hard_cuts={track_pt: [1, 2]}")).toContain("expected conditions on hits");
  expect(await refused("phi_sectors=4", "phi_segmented=true")).toContain(
    "expected none, or phi_segmented: false",
  );
  expect(await refused("phi_sectors=1", "events=[event000000001]")).toContain(
    "expected 3 sectors for the trainset, got 1",
  );
  expect(await refused("hidden_activation=Swish")).toContain("expected one of relu, tanh");
});
