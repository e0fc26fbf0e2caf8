/** What a trained EggNet is worth: tracks at many radii, their rates, and how long all took. */
import type { Tensor } from "../src/engine/tensor.ts";
import { dbscanAt } from "../src/tracking/clustering/dbscanScan.ts";
import { hdbscanAsync } from "../src/tracking/clustering/hdbscan.ts";
import type { Points } from "../src/tracking/clustering/points.ts";
import type { SearchThreads } from "../src/tracking/clustering/searchTask.ts";
import type { Conditions } from "../src/tracking/conditions.ts";
import type { Event } from "../src/tracking/event.ts";
import {
  type BinnedMatching,
  type MatchingRates,
  matchingRates,
  matchingRatesInBins,
} from "../src/tracking/metrics/matchingRates.ts";
import type { MatchedHits, MatchingOptions } from "../src/tracking/metrics/trackMatching.ts";
import { hitEta, hitPt } from "../src/tracking/particleOfHit.ts";
import type { Tracks } from "../src/tracking/tracks.ts";
import type { EggNet } from "./eggnet.ts";
import { isTargetHit } from "./eggnetSamples.ts";

/** As published: three points make a core, itself counted. */
const minSamples = 3;

/** The embedding of an event's hits f32 [N, inputs] on the host, and their scores if it has some. */
export async function embedHits(
  model: EggNet,
  hits: Tensor,
): Promise<{ embedding: Points; score: Float32Array | null }> {
  const { embedding, score } = model.forward(hits);
  const [numPoints, dim] = embedding.shape;
  const [data, scores] = await Promise.all([embedding.data(), score?.data()]);
  return {
    embedding: { data: data as Float32Array, numPoints, dim },
    score: (scores as Float32Array | undefined) ?? null,
  };
}

/** Tracks at each radius by DBSCAN: label per hit, −1 for none. One tree serves all radii. */
export function tracksAt(embedding: Points, eps: readonly number[]): Tracks[] {
  const at = dbscanAt(embedding, { minSamples });
  return eps.map((radius) => at(radius).labels);
}

/** An event with what the network says of it. */
export interface EmbeddedEvent {
  readonly event: Event;
  readonly embedding: Points;
}

export interface EggNetScanOptions extends Pick<MatchingOptions, "compat" | "minTrackHits"> {
  /** Radii of DBSCAN. */
  readonly eps: readonly number[];
  /** Which particles should be found: conditions on their hits. */
  readonly targets: Conditions;
}

export interface ScannedRadius extends MatchingRates {
  readonly eps: number;
}

/** Rates of all events together at each radius. */
export function scanRadii(
  events: readonly EmbeddedEvent[],
  { eps, targets, ...matching }: EggNetScanOptions,
): ScannedRadius[] {
  const tracks = events.map(({ embedding }) => tracksAt(embedding, eps));
  const targetsOf = events.map(({ event }) => isTargetHit(event, targets));
  return eps.map((radius, at) => {
    const hits = events.map(({ event }, e) => matched(event, tracks[e][at], targetsOf[e]));
    return { eps: radius, ...matchingRates(hits, matching) };
  });
}

export interface EggNetBinOptions extends Omit<EggNetScanOptions, "eps"> {
  /** Of `hit_particle_pt` in files of columns; TrackML's are in GeV. Default: MeV, as published. */
  readonly ptUnit?: "MeV" | "GeV";
}

/** The rates of some tracks against pt (GeV, nine bins to 50) and η, where files say them. */
export function ratesInBins(
  events: readonly Event[],
  tracks: readonly Tracks[],
  { targets, ptUnit = "MeV", ...matching }: EggNetBinOptions,
): { pt: BinnedMatching[]; eta: BinnedMatching[] } {
  const hits = events.map((event, e) => matched(event, tracks[e], isTargetHit(event, targets)));
  const inBins = (of: (event: Event) => Float64Array, edges: readonly number[]) =>
    matchingRatesInBins(hits, events.map(of), edges, matching);
  const pt = Array.from({ length: 10 }, (_, bin) => 50 ** (bin / 9));
  const eta = Array.from({ length: 21 }, (_, bin) => -4 + 0.4 * bin);
  const scale = ptUnit === "MeV" ? 1e-3 : 1;
  return {
    pt: inBins((event) => particleColumn(event, "hit_particle_pt", scale) ?? hitPt(event), pt),
    eta: inBins((event) => particleColumn(event, "hit_particle_eta") ?? hitEta(event), eta),
  };
}

/** What a file of columns says of the particle of each hit, NaN if it says nothing; null for other events. */
function particleColumn({ columns, numHits }: Event, name: string, scale = 1): Float64Array | null {
  if (!columns) return null;
  const column = columns.hits[name] as ArrayLike<number> | undefined;
  return Float64Array.from({ length: numHits }, (_, hit) =>
    column ? scale * column[hit] : Number.NaN,
  );
}

/** Tracks by HDBSCAN, which needs no radius. */
export const hdbscanTracks = (embedding: Points, threads?: SearchThreads): Promise<Tracks> =>
  hdbscanAsync(embedding, { minClusterSize: minSamples, minSamples: 2, threads });

const matched = (event: Event, label: Tracks, isTarget: Uint8Array): MatchedHits => ({
  label,
  particle: event.truth?.particleIndex ?? new Uint32Array(event.numHits),
  isTarget,
});
