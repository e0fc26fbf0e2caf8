/** The same training on two backends gives the same losses, up to rounding. */
import { expect, test } from "vitest";
import {
  batchesOf,
  packedBatch,
  type RegressorSample,
  regressorLoss,
  TransformerRegressor,
} from "../../models/index.ts";
import { Adam, type BackendName, Rng, train } from "../../src/index.ts";
import { openDevice } from "../../src/node/open.ts";
import { splitMix } from "../../src/tracking/index.ts";

const steps = 50;

/** Straight tracks from the origin, five hits each; what is to be learned is their direction. */
function samplesOf(count: number): RegressorSample[] {
  const rng = splitMix(11);
  return Array.from({ length: count }, (_, e) => {
    const tracks = Array.from({ length: 2 + (e % 4) }, () => [rng() * 3, rng() * 6.28]);
    const rows = tracks.flatMap(([theta, phi], particle) =>
      [1, 2, 3, 4, 5].map((r) => ({ r: r / 3, theta, phi, particle })),
    );
    const sequence = (columns: number[][]) => ({
      features: Float32Array.from(columns.flat()),
      numHits: rows.length,
      numFeatures: columns[0].length,
    });
    const hit = ({ r, theta, phi }: (typeof rows)[number]) => [
      r * Math.cos(phi),
      r * Math.sin(phi),
      r * Math.cos(theta),
    ];
    const hits = rows.map(hit);
    const [x, y, z] = [0, 1, 2].map((k) => Float64Array.from(hits, (values) => values[k]));
    return {
      name: `${e}`,
      hits: sequence(hits),
      positions: { x, y, z },
      targets: sequence(rows.map(({ theta, phi }) => [theta, Math.sin(phi), Math.cos(phi), 1])),
      truth: { particle: rows.map(({ particle }) => particle), weight: rows.map(() => 1) },
    };
  });
}

async function lossesOn(backend: BackendName): Promise<number[]> {
  const device = await openDevice({ backend });
  try {
    const sizes = { inputs: 3, outputs: 4, numLayers: 2, width: 16, numHeads: 2, hiddenDim: 32 };
    const model = new TransformerRegressor({ ...sizes, dropout: 0.1, rng: new Rng(5) });
    const losses: number[] = [];
    await train({
      model,
      optimizer: new Adam(model),
      batches: () => batchesOf(samplesOf(20), 4).map((part) => packedBatch(part)),
      loss: regressorLoss,
      steps,
      reportEvery: 1,
      onStep: ({ loss }) => losses.push(loss),
    });
    return losses;
  } finally {
    await device.close();
  }
}

test("50 steps on wasm and on webgpu", async () => {
  const [wasm, webgpu] = [await lossesOn("wasm"), await lossesOn("webgpu")];
  expect(wasm).toHaveLength(steps);
  expect(wasm.at(-1)).toBeLessThan(0.7 * wasm[0]);
  const furthest = Math.max(...wasm.map((loss, s) => Math.abs(loss - webgpu[s]) / loss));
  // sums of up to some 100 f32 terms in another order: 100 · 2⁻²⁴ = 6e-6; measured 5e-7
  expect(furthest).toBeLessThan(1e-5);
});
