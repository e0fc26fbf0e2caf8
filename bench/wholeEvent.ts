/**
 * How long does an EggNet of the published sizes take for the pixel hits of a whole event, and how much memory?
 * The weights are random: what is computed does not depend on them.
 *
 *   npx tsx bench/wholeEvent.ts EVENT [numHits]        TG_BACKEND and TG_THREADS choose the device
 */
import { EggNet, eggnetInputs, embedHits } from "../models/index.ts";
import { Rng } from "../src/index.ts";
import { openDevice, readEvent } from "../src/node/index.ts";
import { selectHits } from "../src/tracking/index.ts";

const [path, most = "Infinity"] = process.argv.slice(2);
const pixelVolumes = [7, 8, 9];

const whole = await readEvent(path);
const isPixel = (hit: number): boolean => pixelVolumes.includes(whole.hits.volume[hit]);
const rows = Array.from(whole.hits.volume.keys()).filter(isPixel).slice(0, Number(most));
const event = selectHits(whole, rows);
const device = await openDevice();
const model = new EggNet({ inputs: 3, rng: new Rng(1) });
const features = { names: ["hit_r", "hit_phi", "hit_z"], scales: [1000, 3.14, 1000] };
const start = performance.now();
const { embedding } = await embedHits(model, eggnetInputs(event, features));
const seconds = (performance.now() - start) / 1000;
const { launches, plans, bytesPeak } = device.stats();
console.log(`${device}: ${embedding.numPoints} hits in ${seconds.toFixed(1)} s,`);
console.log(
  `${launches} launches, ${plans} plan, ${(bytesPeak / 2 ** 20).toFixed(0)} MiB at the peak`,
);
await device.close();
