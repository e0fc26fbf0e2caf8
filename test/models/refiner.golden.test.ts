/** Which hits a published refiner with random weights leaves of given clusters. */
import { existsSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { expect, test } from "vitest";
import { refine, regressorFrom } from "../../models/index.ts";
import { readSafetensors } from "../../src/engine/formats/safetensors.ts";
import { openDevice } from "../../src/node/open.ts";
import { fixtureFolder, fixturePaths } from "../helpers/fixtures.ts";
import { onBackends } from "../nn/compare.ts";

interface RefinerCase {
  hyper: { num_encoder_layers: number; n_head: number };
  cutoff: number;
  min_hits: number;
  columns: string[];
  rows: number[][];
  /** Clusters in order of first appearance, with the hits that are kept. */
  result: { cluster_ids: number[]; track_and_weight: number[][] }[];
}

const cases = fixturePaths("transformer-regressor", /\.json$/)
  .map((path) => ({ path, content: JSON.parse(readFileSync(path, "utf8")) }))
  .filter(({ content }) => "cutoff" in content && "min_hits" in content && "result" in content)
  .map(({ path, content }) => ({
    name: basename(path, ".json"),
    weights: path.replace(/\.json$/, "_weights.safetensors"),
    content: content as RefinerCase,
  }));

test("refiner cases are there, or reported as absent", () => {
  if (cases.length === 0) console.log(`no refiner cases in ${fixtureFolder()}: absent`);
  expect(cases.every(({ weights }) => existsSync(weights))).toBe(true);
});

test.for(onBackends(cases))("$name on $backend keeps the same hits", async (entry) => {
  const { content, weights, backend } = entry;
  const { rows, columns, cutoff, min_hits: minHits, hyper, result } = content;
  const column = (name: string) => rows.map((row) => row[columns.indexOf(name)]);
  const [x, y, z] = ["x", "y", "z"].map(column);
  const features = Float32Array.from(rows.flatMap((_, hit) => [x[hit], y[hit], z[hit]]));
  const device = await openDevice({ backend });
  try {
    const { tensors } = readSafetensors(readFileSync(weights), weights);
    const model = regressorFrom(tensors, { numHeads: hyper.n_head, source: weights });
    expect(model.encoder.layers.length).toBe(hyper.num_encoder_layers);
    const hits = { features, numHits: rows.length, numFeatures: 3 };
    const tracks = await refine(model, hits, column("cluster_id"), { cutoff, minHits });
    const [id, weight] = [column("track_id"), column("weight")];
    const kept = tracks.map(({ label, kept }) => ({
      cluster_ids: kept.map(() => label),
      track_and_weight: kept.map((hit) => [id[hit], weight[hit]]),
    }));
    expect(kept).toEqual(result);
  } finally {
    await device.close();
  }
});
