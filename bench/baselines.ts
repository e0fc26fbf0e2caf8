/**
 * What is an EggNet configuration worth untrained, and what DBSCAN on its features without any network?
 * The radius is chosen on the validation events, by double majority; the rates are those of the test events.
 *
 *   npx tsx bench/baselines.ts CONFIG.yaml
 */
import {
  EggNet,
  type EggNetConfig,
  type EmbeddedEvent,
  eggnetInputs,
  eggnetOptions,
  embedHits,
  scanRadii,
  tracksAt,
} from "../models/index.ts";
import { ConfigFile } from "../src/cli/configFile.ts";
import { eggnetSchema } from "../src/cli/families/eggnetConfig.ts";
import { readSets } from "../src/cli/families/eggnetSets.ts";
import { Rng } from "../src/index.ts";
import { openDevice } from "../src/node/index.ts";
import { type Event, hitTruth, trackFormersMetrics } from "../src/tracking/index.ts";

const eps = [0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.15, 0.2, 0.3];
const targets = { hit_particle_nhits: [3, Number.POSITIVE_INFINITY] } as const;

const [path] = process.argv.slice(2);
const config = (await ConfigFile.read(path)).resolve(eggnetSchema);
const { valset, testset, detectors } = await readSets(config);
const { node_features: names, node_scales: scales } = config;
const features = { names, scales, detectors };
const device = await openDevice();
const model = new EggNet({ ...eggnetOptions(config as EggNetConfig), rng: new Rng(config.seed) });

const embeddings = {
  "untrained weights": async (event: Event) =>
    (await embedHits(model, eggnetInputs(event, features))).embedding,
  "features alone": async (event: Event) => {
    const data = (await eggnetInputs(event, features).data()) as Float32Array;
    return { data, numPoints: event.numHits, dim: names.length };
  },
};

/** Mean over events. */
function doubleMajority(events: readonly EmbeddedEvent[], radius: number): number {
  const rates = events.map(({ event, embedding }) => {
    const [tracks] = tracksAt(embedding, [radius]);
    return trackFormersMetrics(tracks, hitTruth(event)).doubleMajority;
  });
  return rates.reduce((sum, rate) => sum + rate, 0) / rates.length;
}

console.log("| DBSCAN of | eps | double majority | efficiency |\n|---|---:|---:|---:|");
for (const [name, embed] of Object.entries(embeddings)) {
  const embedded = async (events: readonly Event[]) => {
    const found: EmbeddedEvent[] = [];
    for (const event of events) found.push({ event, embedding: await embed(event) });
    return found;
  };
  const [validation, test] = [await embedded(valset), await embedded(testset)];
  const byRate = eps.map((radius) => ({ radius, rate: doubleMajority(validation, radius) }));
  const [{ radius }] = byRate.sort((a, b) => b.rate - a.rate);
  const [{ efficiency }] = scanRadii(test, { eps: [radius], targets });
  const rates = [doubleMajority(test, radius), efficiency.value].map((rate) => rate.toFixed(3));
  console.log(`| ${[name, radius, ...rates].join(" | ")} |`);
}
await device.close();
