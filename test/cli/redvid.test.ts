import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { regressorData } from "../../models/index.ts";
import { loadWeights } from "../../src/node/weights.ts";
import { filesIn, folder, run } from "./helpers.ts";

const numEvents = 20;
const onJs = ["--device", "js", "--quiet"];
const csv = "hits_and_tracks_3d_events_all.csv";

/** A set of straight tracks in a plane; the simulator has none. */
function planeSet(path: string): void {
  const lines = ["event_id,track_id,hit_x,hit_y,slope"];
  for (let event = 0; event < numEvents; event++)
    for (let track = 0; track < 3; track++)
      for (let x = 1; x <= 4; x++) {
        const slope = Math.sin(event + 2 * track);
        lines.push(`${event},${track},${x},${slope * x},${slope}`);
      }
  writeFileSync(join(path, csv), `${lines.join("\n")}\n`);
}

async function setOf(type: string): Promise<string> {
  const here = folder();
  if (type === "2d") planeSet(here);
  else {
    const size = ["--events", `${numEvents}`, "--tracks", "2:4", "--quiet"];
    const made = await run("simulate", "--layout", `redvid-${type}`, ...size, "-o", here);
    expect(made.code, made.stderr).toBe(0);
  }
  return here;
}

function configure(here: string, type: string, more = ""): string {
  const path = join(here, "config.yaml");
  const sizes = "nr_enc_layers: 1\nembedding_size: 8\nnr_heads: 2\nhidden_dim: 8\nbatch_size: 4";
  const data = `data_path: ${join(here, csv)}\ndata_type: ${type}`;
  writeFileSync(path, `model: EncReg\n${data}\nnr_epochs: 2\n${sizes}\n${more}`);
  return path;
}

test.each(["2d", "linear", "curved"] as const)("a %s set is learned from", async (type) => {
  const here = await setOf(type);
  const config = configure(here, type);
  const out = join(here, "run");
  const trained = await run("train", config, "-o", out, ...onJs, "--json");
  expect(trained.code, trained.stderr).toBe(0);
  const { epochs, steps, metrics } = JSON.parse(trained.stdout);
  expect([epochs, steps]).toEqual([2, 8]); // 14 events, 4 a batch
  expect(metrics[1]).toBeLessThan(metrics[0]);

  const evaluated = await run("eval", config, "-c", out, ...onJs, "--json");
  expect(evaluated.code, evaluated.stderr).toBe(0);
  const { events, errors, mean } = JSON.parse(evaluated.stdout);
  const { outputs } = regressorData[type];
  expect(Object.keys(errors.parameters)).toEqual(outputs);
  expect(events).toHaveLength(3);
  expect(mean.trackml).toBeGreaterThanOrEqual(0);

  const inferred = await run("infer", config, "-c", out, ...onJs, "-o", join(here, "inferred"));
  expect(inferred.code, inferred.stderr).toBe(0);
  const [file] = filesIn(join(here, "inferred/testset"));
  const { tensors, metadata } = await loadWeights(join(here, "inferred/testset", file));
  expect(metadata.columns).toBe(outputs.join(" "));
  const particle = tensors.get("particle")!;
  expect(tensors.get("track_parameters")!.shape).toEqual([particle.shape[0], outputs.length]);
  expect(Math.min(...Array.from(particle.data, Number))).toBe(1); // 0 would be noise
});

test.each([
  ["sub_events: { min: 1, max: 2 }", "10:13: expected no sub_events (data_type linear), got"],
  ["targets: physical", "10:10: expected no targets (data_type linear), got"],
  ["max_nr_hits: 3", "max_nr_hits: expected 3 hits at most, got"],
])("a set and %s do not go together", async (more, message) => {
  const here = await setOf("linear");
  const { code, stderr } = await run("train", configure(here, "linear", more), ...onJs);
  expect(stderr).toContain(message);
  expect(code).toBe(2);
});

test("a set is one file, with columns of its kind", async () => {
  const here = await setOf("linear");
  const config = configure(here, "linear");
  const inFolder = await run("train", config, "--set", `data_path=${here}`, ...onJs);
  expect(inFolder.stderr).toContain("expected the file of a REDVID set, got");
  const other = await run("train", config, "--set", "data_type=curved", ...onJs);
  expect(other.stderr).toContain("radial_coeff");
  expect([inFolder.code, other.code]).toEqual([2, 2]);
});
