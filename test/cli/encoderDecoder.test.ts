import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { loadWeights } from "../../src/node/weights.ts";
import { folder, run, smallTraining } from "./helpers.ts";

const onJs = ["--device", "js", "--quiet", "--json"];

/** The small training without the key that only encoders alone have. */
function configured(here: string): string {
  const config = smallTraining(here);
  writeFileSync(config, readFileSync(config, "utf8").replace("nr_enc_layers: 1\n", ""));
  return config;
}
const sets = ["model=enc-dec", "nr_epochs=2", "n_induce=2"].flatMap((set) => ["--set", set]);

test("an encoder–decoder is trained, infers tracks and is evaluated in the box it was trained in", async () => {
  const here = folder();
  const config = configured(here);
  const out = join(here, "run");
  const trained = await run("train", config, ...sets, "-o", out, ...onJs);
  expect(trained.code, trained.stderr).toBe(0);
  const { metadata } = await loadWeights(join(out, "checkpoints/best.safetensors"));
  const { low, high } = JSON.parse(metadata.box!);
  expect(low).toHaveLength(3);
  expect(high[0]).toBeGreaterThan(low[0]);

  const evaluated = await run("eval", config, ...sets, "-c", out, ...onJs);
  expect(evaluated.code, evaluated.stderr).toBe(0);
  const { followed, mean } = JSON.parse(evaluated.stdout);
  expect(followed).toBeGreaterThanOrEqual(0);
  expect(followed).toBeLessThanOrEqual(1);
  expect(mean.trackml).toBeGreaterThan(0); // seeds alone are more than half of five hits

  const told = await run("infer", config, ...sets, "-c", out, "-o", join(here, "in"), ...onJs);
  expect(told.code, told.stderr).toBe(0);
});

test("a decoder without layers is refused with its place", async () => {
  const config = configured(folder());
  const { code, stderr } = await run("train", config, ...sets, "--set", "num_stacks=1", ...onJs);
  expect(stderr).toContain("num_stacks");
  expect(code).toBe(2);
});
