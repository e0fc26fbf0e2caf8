/**
 * Which hits of a particle follow each other: the edges that a graph of hits should have. Hits of
 * particle 0 or less, and those whose distance is not a number, take no part.
 */
import { ShapeError } from "../../engine/errors.ts";
import type { EdgeIndex } from "./edgeIndex.ts";

/** Hits [N] of one event, in any order. */
export interface HitsOfParticles {
  readonly particle: ArrayLike<number>; // 0 or less: noise
  /** From the vertex where the particle was made, mm; NaN where that is not known. */
  readonly distance: ArrayLike<number>;
}

/** Distance of each hit from the vertex of its particle: √(Δx² + Δy² + Δz²), mm; f64 [N]. */
export function vertexDistances(
  hits: Readonly<Record<"x" | "y" | "z", ArrayLike<number>>>,
  vertices: Readonly<Record<"vx" | "vy" | "vz", ArrayLike<number>>>,
): Float64Array {
  const { x, y, z } = hits;
  const { vx, vy, vz } = vertices;
  return Float64Array.from(x, (_, h) => Math.hypot(x[h] - vx[h], y[h] - vy[h], z[h] - vz[h]));
}

/** Consecutive hits of each particle by distance: n − 1 edges for n hits. */
export function consecutiveEdges(hits: HitsOfParticles): EdgeIndex {
  return edgesBetween(hitsInOrder(hits), (hit) => hit);
}

/**
 * As `consecutiveEdges`, of the first hit only that a particle has on each module (`module` [N] numbers
 * them across the detector).
 */
export function modulewiseEdges(
  hits: HitsOfParticles & { readonly module: ArrayLike<number> },
): EdgeIndex {
  expectHits("modulewiseEdges", hits, { module: hits.module });
  const seen = new Map<number, Set<number>>();
  const isFirst = (hit: number): boolean => {
    const modules = seen.get(hits.particle[hit]) ?? new Set();
    seen.set(hits.particle[hit], modules);
    const { size } = modules;
    return modules.add(hits.module[hit]).size > size;
  };
  return edgesBetween(hitsInOrder(hits, isFirst), (hit) => hit);
}

/**
 * Every hit of a particle on one layer with every hit on its next, layers in the order in which it
 * reaches them (`layer` [N] numbers them across the detector). Particles come in ascending order.
 */
export function layerwiseEdges(
  hits: HitsOfParticles & { readonly layer: ArrayLike<number> },
): EdgeIndex {
  expectHits("layerwiseEdges", hits, { layer: hits.layer });
  const byParticle = new Map([...hitsInOrder(hits)].sort(([a], [b]) => a - b));
  return edgesBetween(byParticle, (hit) => hits.layer[hit]);
}

/** The weight of each edge: the mean of those of its hits [N], divided by the mean over all edges; f64 [E]. */
export function edgeWeights(
  { source, target }: EdgeIndex,
  hitWeight: ArrayLike<number>,
): Float64Array {
  const weights = Float64Array.from(
    source,
    (from, e) => (hitWeight[from] + hitWeight[target[e]]) / 2,
  );
  const mean = weights.reduce((sum, weight) => sum + weight, 0) / weights.length;
  return weights.map((weight) => weight / mean);
}

/** Rows of the hits of each particle by distance; particles in order of their nearest hit. */
export function hitsInOrder(
  hits: HitsOfParticles,
  isKept: (hit: number) => boolean = () => true,
): Map<number, number[]> {
  const { particle, distance } = hits;
  expectHits("truth edges", hits, {});
  const rows: number[] = [];
  for (let h = 0; h < particle.length; h++)
    if (particle[h] > 0 && !Number.isNaN(distance[h]) && isKept(h)) rows.push(h);
  rows.sort((a, b) => distance[a] - distance[b] || a - b);
  const byParticle = new Map<number, number[]>();
  for (const row of rows) {
    const known = byParticle.get(particle[row]);
    if (known) known.push(row);
    else byParticle.set(particle[row], [row]);
  }
  return byParticle;
}

/** Hits of a particle in groups, groups in order of their first hit; from each group to the next. */
function edgesBetween(
  byParticle: ReadonlyMap<number, readonly number[]>,
  groupOf: (hit: number) => number,
): EdgeIndex {
  const [source, target]: number[][] = [[], []];
  for (const rows of byParticle.values()) {
    const groups = new Map<number, number[]>();
    for (const row of rows) groups.set(groupOf(row), [...(groups.get(groupOf(row)) ?? []), row]);
    let previous: number[] = [];
    for (const group of groups.values()) {
      for (const from of previous)
        for (const to of group) {
          source.push(from);
          target.push(to);
        }
      previous = group;
    }
  }
  return { source: Uint32Array.from(source), target: Uint32Array.from(target) };
}

function expectHits(
  where: string,
  { particle, distance }: HitsOfParticles,
  others: Readonly<Record<string, ArrayLike<number>>>,
): void {
  for (const [name, { length }] of Object.entries({ distance, ...others }))
    if (length !== particle.length)
      throw new ShapeError(
        `${where}(${name}): expected [${particle.length}], like particle, got [${length}]`,
      );
}
