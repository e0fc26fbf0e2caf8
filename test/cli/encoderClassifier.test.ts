import { join } from "node:path";
import { expect, test } from "vitest";
import { loadWeights } from "../../src/node/weights.ts";
import { folder, run, smallTraining } from "./helpers.ts";

const onJs = ["--device", "js", "--quiet", "--json"];
const sets = ["model=enc-cla", "bins=[2, 3, 2]", "nr_epochs=2", "hidden_dim=8"];
const asClassifier = sets.flatMap((set) => ["--set", set]);

test("an encoder classifier is trained, infers classes and is evaluated with the bins it was trained on", async () => {
  const here = folder();
  const config = smallTraining(here);
  const out = join(here, "run");
  const trained = await run("train", config, ...asClassifier, "-o", out, ...onJs);
  expect(trained.code, trained.stderr).toBe(0);
  const { tensors, metadata } = await loadWeights(join(out, "checkpoints/best.safetensors"));
  const bins: number[][] = JSON.parse(metadata.bins!);
  const classes = bins.reduce((product, edges) => product * (edges.length + 1), 1);
  expect(tensors.get("decoder.weight")?.shape).toEqual([classes, 8]);

  const evaluated = await run("eval", config, ...asClassifier, "-c", out, ...onJs);
  expect(evaluated.code, evaluated.stderr).toBe(0);
  const { accuracy, mean, best } = JSON.parse(evaluated.stdout);
  expect(accuracy).toBeGreaterThanOrEqual(0);
  expect(accuracy).toBeLessThanOrEqual(1);
  expect(best.trackml).toBeGreaterThanOrEqual(mean.trackml);

  const inferred = join(here, "inferred");
  const told = await run("infer", config, ...asClassifier, "-c", out, "-o", inferred, ...onJs);
  expect(told.code, told.stderr).toBe(0);
  const { events } = JSON.parse(told.stdout);
  expect(events).toBeGreaterThan(0);
});

test("bins must be as many as parameters", async () => {
  const config = smallTraining(folder());
  const { code, stderr } = await run(
    "train",
    config,
    "--set",
    "model=enc-cla",
    "--set",
    "bins=[2]",
    ...onJs,
  );
  expect(stderr).toContain("expected bins of theta, phi, q");
  expect(code).toBe(2);
});
