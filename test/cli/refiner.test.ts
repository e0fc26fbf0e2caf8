import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { loadWeights } from "../../src/node/weights.ts";
import { folder, run, smallTraining } from "./helpers.ts";

const onJs = ["--device", "js", "--quiet", "--json"];

test("a refiner is trained on tracks, evaluated, and tried on the tracks that a regressor finds", async () => {
  const here = folder();
  const config = smallTraining(here);
  const [regressor, refiner] = [join(here, "regressor"), join(here, "refiner")];
  expect((await run("train", config, "-o", regressor, ...onJs)).code).toBe(0);

  const small = ["model=refiner", "nr_epochs=2", "batch_size=8"].flatMap((set) => ["--set", set]);
  const trained = await run("train", config, ...small, "-o", refiner, ...onJs);
  expect(trained.code, trained.stderr).toBe(0);
  const { metrics } = JSON.parse(trained.stdout);
  expect(metrics[1]).toBeLessThan(metrics[0]);
  const { metadata } = await loadWeights(join(refiner, "checkpoints/best.safetensors"));
  expect(JSON.parse(metadata["standardisation.std"]!)).toHaveLength(3);

  const alone = await run("eval", config, ...small, "-c", refiner, ...onJs);
  expect(alone.code, alone.stderr).toBe(0);
  const { tracks, errors } = JSON.parse(alone.stdout);
  expect(tracks).toBeGreaterThanOrEqual(2);
  expect(errors.mse.mean).toBeGreaterThan(0);

  const settings = join(here, "settings.yaml");
  const tried = async (compat: boolean) => {
    const text = `min_cluster_size: 2\nmin_samples: 1\nrefiner: ${refiner}\ncompat: ${compat}\n`;
    writeFileSync(settings, text);
    const { code, stdout, stderr } = await run("eval", config, settings, "-c", regressor, ...onJs);
    expect(code, stderr).toBe(0);
    return JSON.parse(stdout);
  };
  const { refined, mean } = await tried(false);
  expect(Object.keys(refined.mean)).toEqual(Object.keys(mean));
  expect(refined.kept).toBeGreaterThan(0);
  expect(refined.kept).toBeLessThanOrEqual(refined.hits);
  const published = await tried(true);
  expect(published.refined.mean.trackml).toBeGreaterThanOrEqual(refined.mean.trackml);
});

test("a refiner that is not there is refused with its place", async () => {
  const here = folder();
  const settings = join(here, "settings.yaml");
  writeFileSync(settings, "refiner: nowhere\n");
  const config = smallTraining(here);
  await run("train", config, "-o", join(here, "run"), ...onJs);
  const { code, stderr } = await run("eval", config, settings, "-c", join(here, "run"), ...onJs);
  expect(stderr).toContain(`${settings}:1:10: expected weights of a refiner, got "nowhere"`);
  expect(code).toBe(2);
});
