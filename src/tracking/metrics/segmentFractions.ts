import { connectedComponents } from "../clustering/connectedComponents.ts";
import { filterEdges } from "../graphs/edgeIndex.ts";
import type { LabelledGraph } from "../graphs/labelledGraph.ts";
import { contingency, countOf, majorities, rank } from "./contingency.ts";
import { type GoodOptions, goodNodes } from "./goodNodes.ts";

/**
 * The largest segment of each particle as a share of its good hits, f64 [P], by ascending id of the
 * particles with a good hit. The fast way: only good hits and true edges between them are looked at.
 */
export function segmentFractions(
  { nodes, edges, isTrue }: LabelledGraph,
  options: GoodOptions = {},
): Float64Array {
  const isGood = goodNodes(nodes, options);
  const kept = filterEdges(
    edges,
    (s, t, e) => isTrue[e] === 1 && isGood[s] === 1 && isGood[t] === 1,
  );
  const good = Uint32Array.from(isGood.keys()).filter((n) => isGood[n] === 1);
  const segmentOf = connectedComponents(kept, isGood.length);
  const particles = rank(Array.from(good, (n) => nodes.particle[n]));
  const segments = rank(Array.from(good, (n) => segmentOf[n]));
  const pairs = contingency(particles, segments);
  const numHits = countOf(particles);
  return Float64Array.from(
    majorities(pairs, particles.values.length),
    (k, p) => (pairs.start[k + 1] - pairs.start[k]) / numHits[p],
  );
}
