/** A simulated event beside a real one, distribution by distribution. */
import {
  type Event,
  equalBins,
  histogramPlot,
  type ParticleQuantities,
  particleQuantities,
  type Quantity,
} from "../tracking/index.ts";
import type { Report } from "./report.ts";

interface Row {
  readonly of: keyof ParticleQuantities;
  readonly x: Quantity;
  readonly edges: readonly number[];
}

const whole = (low: number, high: number) =>
  Array.from({ length: high - low + 2 }, (_, i) => low - 0.5 + i);
const rows: readonly Row[] = [
  { of: "hitsPerParticle", x: { name: "hits of a particle" }, edges: whole(1, 22) },
  { of: "layersPerParticle", x: { name: "layers of a particle" }, edges: whole(1, 18) },
  {
    of: "pt",
    x: { name: "pT", unit: "GeV", isLog: true },
    edges: equalBins([0.05, 20], 36, { isLog: true }),
  },
  { of: "eta", x: { name: "η" }, edges: equalBins([-5, 5], 30) },
  { of: "vertexZ", x: { name: "z of the vertex", unit: "mm" }, edges: equalBins([-200, 200], 30) },
];

export function comparisonReport(real: Event, simulated: Event): Report {
  const events = [
    { name: real.name, event: real },
    { name: "simulated", event: simulated },
  ];
  const quantities = events.map(({ name, event }) => ({ name, of: particleQuantities(event) }));
  const perParticle = rows.map(({ of, x, edges }) =>
    histogramPlot(
      quantities.map(({ name, of: found }) => ({ name, values: found[of] })),
      { x, edges, isNormalized: true, what: "particles" },
    ),
  );
  const volumes = histogramPlot(
    events.map(({ name, event }) => ({ name, values: event.hits.volume })),
    { x: { name: "volume" }, edges: whole(7, 18), isNormalized: true, what: "hits" },
  );
  return {
    title: `${real.name} and a simulated event`,
    subtitle: events.map(({ name, event }) => `${name}: ${event.numHits} hits`).join(", "),
    sections: [
      { heading: "Particles", plots: perParticle },
      { heading: "Hits", plots: [volumes] },
    ],
  };
}
