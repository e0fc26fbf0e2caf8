/**
 * How long does an EggNet of the published sizes take for the pixel hits of a whole event, stage by stage, and
 * how much memory? The weights are random: what is computed does not depend on them, clustering does.
 *
 *   npx tsx bench/wholeEvent.ts EVENT [numHits]        TG_BACKEND and TG_THREADS choose the device
 */
import { EggNet, eggnetInputs, embedHits, hdbscanTracks, tracksAt } from "../models/index.ts";
import { knn, Rng, realize, tensor } from "../src/index.ts";
import { openDevice, readEvent } from "../src/node/index.ts";
import { selectHits } from "../src/tracking/index.ts";

const [path, most = "Infinity"] = process.argv.slice(2);
const pixelVolumes = [7, 8, 9];
const numIterations = 4;

async function timed<T>(stage: string, work: () => Promise<T> | T): Promise<T> {
  const start = performance.now();
  const result = await work();
  console.log(`${stage}: ${((performance.now() - start) / 1000).toFixed(2)} s`);
  return result;
}

const event = await timed("reading, and choosing pixel hits", async () => {
  const whole = await readEvent(path);
  const isPixel = (hit: number): boolean => pixelVolumes.includes(whole.hits.volume[hit]);
  const rows = Array.from(whole.hits.volume.keys()).filter(isPixel).slice(0, Number(most));
  return selectHits(whole, rows);
});
const device = await openDevice();
const model = new EggNet({ inputs: 3, numIterations, rng: new Rng(1) });
const features = { names: ["hit_r", "hit_phi", "hit_z"], scales: [1000, 3.14, 1000] };
const inputs = await timed("features", () => eggnetInputs(event, features));
const { embedding } = await timed("network, first run", () => embedHits(model, inputs));
const { launches, plans, bytesPeak } = device.stats();
const points = tensor(Float32Array.from(embedding.data), [embedding.numPoints, embedding.dim]);
await timed(`one of its ${numIterations} searches for neighbors, alone`, async () => {
  const { index } = knn(points, 10);
  await realize([index]);
  await device.idle();
});
await timed("DBSCAN", () => tracksAt(embedding, [0.1]));
await timed("HDBSCAN", () => hdbscanTracks(embedding));
console.log(
  `${device}: ${embedding.numPoints} hits, ${launches} launches, ${plans} plan, ${(bytesPeak / 2 ** 20).toFixed(0)} MiB at the peak`,
);
await device.close();
