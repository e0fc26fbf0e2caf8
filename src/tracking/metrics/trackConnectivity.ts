/**
 * How well a graph holds the hits of each track together (gnn-tracking, arXiv:2309.16754).
 *
 * A *segment* is a connected component of the hits of one particle by themselves. The hits of a
 * *component* may also be connected through hits of others. Edges count without direction.
 */
import { type ComponentOptions, connectedComponents } from "../clustering/connectedComponents.ts";
import { adjacency, pathSearch } from "../graphs/adjacency.ts";
import { cutEdges, filterEdges } from "../graphs/edgeIndex.ts";
import type { LabelledGraph } from "../graphs/labelledGraph.ts";
import { type Contingency, contingency, countOf, rank } from "./contingency.ts";
import { type GoodOptions, goodNodes } from "./goodNodes.ts";

/** Cuts on hits, and on edges if there are weights. */
export type ConnectivityOptions = GoodOptions & ComponentOptions;

/** One entry per particle with a good hit, by ascending id; all of its hits in the graph count. */
export interface TrackConnectivity {
  readonly particle: Float64Array;
  readonly numHits: Uint32Array;
  readonly numSegments: Uint32Array;
  readonly largestSegment: Uint32Array; // hits
  /**
   * Fewest edges, of any kind, between the two largest segments; among equals, those with the lowest
   * hits. 0 for one segment, ∞ if there is no path.
   */
  readonly segmentDistance: Float64Array;
  readonly largestComponent: Uint32Array; // most of its hits in one component
}

export function trackConnectivity(
  { nodes, edges: allEdges }: LabelledGraph,
  options: ConnectivityOptions = {},
): TrackConnectivity {
  const { weight, threshold = 0.5 } = options;
  const edges = weight ? cutEdges(allEdges, weight, threshold) : allEdges;
  const particles = rank(nodes.particle);
  const numNodes = particles.of.length;
  const ofOneParticle = filterEdges(edges, (s, t) => particles.of[s] === particles.of[t]);
  const segmentOf = connectedComponents(ofOneParticle, numNodes);
  const componentOf = connectedComponents(edges, numNodes);
  const segments = contingency(particles, rank(segmentOf));
  const components = contingency(particles, rank(componentOf));
  const segmentsBySize = largestFirst(segments, particles.values.length);
  const componentsBySize = largestFirst(components, particles.values.length);
  const shortestPath = pathSearch(adjacency(edges, numNodes));

  const distance = ([first, second]: number[]): number => {
    if (second === undefined) return 0;
    const [from, to] = [hitsOf(segments, first), hitsOf(segments, second)];
    return componentOf[from[0]] === componentOf[to[0]] ? shortestPath(from, to) : Infinity;
  };
  const numHits = countOf(particles);
  const tracks = ranksWithGoodHit(particles.of, goodNodes(nodes, options));
  const perTrack = <T>(value: (p: number) => T) => Array.from(tracks, value);
  return {
    particle: Float64Array.from(perTrack((p) => particles.values[p])),
    numHits: Uint32Array.from(perTrack((p) => numHits[p])),
    numSegments: Uint32Array.from(perTrack((p) => segmentsBySize[p].length)),
    largestSegment: Uint32Array.from(
      perTrack((p) => hitsOf(segments, segmentsBySize[p][0]).length),
    ),
    segmentDistance: Float64Array.from(perTrack((p) => distance(segmentsBySize[p]))),
    largestComponent: Uint32Array.from(
      perTrack((p) => hitsOf(components, componentsBySize[p][0]).length),
    ),
  };
}

/** Fractions of tracks, and means over tracks; NaN without tracks. */
export interface ConnectivitySummary {
  readonly segment100: number; // tracks in one segment
  readonly segment75: number; // with at least ¾ of the hits in one segment
  readonly segment50: number; // at least ½
  readonly component100: number;
  readonly component75: number;
  readonly component50: number;
  readonly meanSegments: number;
  readonly meanLargestSegment: number; // share of a track's hits
  readonly meanLargestComponent: number;
}

export function summarizeConnectivity(tracks: TrackConnectivity): ConnectivitySummary {
  const shares = (sizes: Uint32Array) => Array.from(sizes, (size, t) => size / tracks.numHits[t]);
  const segment = shares(tracks.largestSegment);
  const component = shares(tracks.largestComponent);
  const atLeast = (values: number[], share: number) => mean(values.map((x) => Number(x >= share)));
  return {
    segment100: atLeast(segment, 1),
    segment75: atLeast(segment, 0.75),
    segment50: atLeast(segment, 0.5),
    component100: atLeast(component, 1),
    component75: atLeast(component, 0.75),
    component50: atLeast(component, 0.5),
    meanSegments: mean(Array.from(tracks.numSegments)),
    meanLargestSegment: mean(segment),
    meanLargestComponent: mean(component),
  };
}

/** Ranks of the particles that have a good hit, ascending. */
function ranksWithGoodHit(particleOf: Uint32Array, isGood: Uint8Array): Uint32Array {
  return Uint32Array.from(new Set(particleOf.filter((_, n) => isGood[n] === 1))).sort();
}

/** For each row, its pairs from the largest down; among equals in order of their columns. */
function largestFirst({ row, start }: Contingency, numRows: number): number[][] {
  const pairs: number[][] = Array.from({ length: numRows }, () => []);
  row.forEach((r, k) => {
    pairs[r].push(k);
  });
  const size = (k: number) => start[k + 1] - start[k];
  return pairs.map((of) => of.sort((a, b) => size(b) - size(a))); // stable
}

const hitsOf = ({ start, order }: Contingency, pair: number): Uint32Array =>
  order.subarray(start[pair], start[pair + 1]);

const mean = (values: number[]): number => values.reduce((sum, x) => sum + x, 0) / values.length;
