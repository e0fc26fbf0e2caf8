/**
 * Graphs by module maps learned from truth: which modules particles pass one after the other, and between
 * which limits everything about such pairs and triplets of hits lies (acorn; Caillou et al. 2022,
 * ATL-ITK-PROC-2022-006). "Modules" may be layers: then the map is one of layer pairs.
 */
import { ShapeError } from "../../engine/errors.ts";
import { checkEdges, type EdgeIndex } from "./edgeIndex.ts";
import {
  numPairFeatures,
  numTripletFeatures,
  pairFeatures,
  tripletFeatures,
} from "./hitFeatures.ts";

/** Where the hits [H] of an event are, mm; `module` numbers modules across the detector. */
export interface ModuleHits {
  readonly module: ArrayLike<number>;
  readonly x: ArrayLike<number>;
  readonly y: ArrayLike<number>;
  readonly z: ArrayLike<number>;
}

/** An event to learn from: `edges` are its true ones, outwards. */
export interface ModuleTruth {
  readonly hits: ModuleHits;
  readonly edges: EdgeIndex;
  readonly particle: ArrayLike<number>;
}

/** Smallest and largest value of each feature of hitFeatures.ts, in its order. */
export interface Limits {
  readonly low: Float64Array;
  readonly high: Float64Array;
}

export interface ModulePair {
  readonly modules: readonly [number, number];
  readonly count: number; // how often it was seen
  readonly limits: Limits;
}

export interface ModuleTriplet {
  readonly modules: readonly [number, number, number];
  readonly count: number;
  readonly first: Limits; // of hits 1 and 2
  readonly second: Limits; // of hits 2 and 3
  readonly both: Limits; // of all three
}

export interface LearnOptions {
  /** Modules that fewer particles passed are left out. Default 1. */
  readonly minCount?: number;
  /** For triplets: the bend in x and y as published, see hitFeatures.ts. */
  readonly compat?: boolean;
}

/** Pairs of modules that true edges join, in order of modules. */
export function learnModulePairs(
  events: readonly ModuleTruth[],
  { minCount = 1 }: LearnOptions = {},
): ModulePair[] {
  const pairs = new Map<string, { modules: [number, number]; count: number; limits: Limits }>();
  for (const { hits, edges } of events) {
    checkModuleHits("learnModulePairs", hits);
    checkEdges("learnModulePairs", edges, hits.module.length);
    for (let e = 0; e < edges.source.length; e++) {
      const [a, b] = [edges.source[e], edges.target[e]];
      const modules: [number, number] = [hits.module[a], hits.module[b]];
      const pair = found(pairs, modules, () => ({
        modules,
        count: 0,
        limits: noLimits(numPairFeatures),
      }));
      pair.count++;
      widen(pair.limits, pairFeatures(hits, a, b));
    }
  }
  return inOrder(pairs, minCount);
}

/** Triplets of modules that two true edges of one particle join, in order of modules. */
export function learnModuleTriplets(
  events: readonly ModuleTruth[],
  { minCount = 1, compat = false }: LearnOptions = {},
): ModuleTriplet[] {
  type Learned = { -readonly [K in keyof ModuleTriplet]: ModuleTriplet[K] };
  const triplets = new Map<string, Learned>();
  for (const { hits, edges, particle } of events) {
    checkModuleHits("learnModuleTriplets", hits);
    checkEdges("learnModuleTriplets", edges, hits.module.length);
    for (const [a, b, c] of chains(edges, particle)) {
      const modules = [hits.module[a], hits.module[b], hits.module[c]] as const;
      const triplet = found(triplets, modules, () => ({
        modules,
        count: 0,
        first: noLimits(numPairFeatures),
        second: noLimits(numPairFeatures),
        both: noLimits(numTripletFeatures),
      }));
      triplet.count++;
      widen(triplet.first, pairFeatures(hits, a, b));
      widen(triplet.second, pairFeatures(hits, b, c));
      widen(triplet.both, tripletFeatures(hits, a, b, c, compat));
    }
  }
  return inOrder(triplets, minCount);
}

export interface ModuleMapOptions {
  /**
   * As published: a value on a limit is outside, and triplets bend as in hitFeatures.ts. Otherwise
   * what was learned from is always kept.
   */
  readonly compat?: boolean;
}

/** All pairs of hits within the limits of a pair of modules, by target, then source. */
export function modulePairEdges(
  hits: ModuleHits,
  map: readonly ModulePair[],
  { compat = false }: ModuleMapOptions = {},
): EdgeIndex {
  checkModuleHits("modulePairEdges", hits);
  const on = hitsByModule(hits);
  const edges = new Set<number>();
  for (const { modules, limits } of map)
    for (const a of on(modules[0]))
      for (const b of on(modules[1]))
        if (isInside(limits, pairFeatures(hits, a, b), compat))
          edges.add(b * hits.module.length + a);
  return edgesOf(edges, hits.module.length);
}

/** The edges of all triplets of hits within the limits of a triplet of modules, by target, then source. */
export function moduleTripletEdges(
  hits: ModuleHits,
  map: readonly ModuleTriplet[],
  { compat = false }: ModuleMapOptions = {},
): EdgeIndex {
  checkModuleHits("moduleTripletEdges", hits);
  const numHits = hits.module.length;
  const on = hitsByModule(hits);
  const edges = new Set<number>();
  for (const { modules, first, second, both } of map)
    for (const b of on(modules[1])) {
      const after = on(modules[2]).filter((c) =>
        isInside(second, pairFeatures(hits, b, c), compat),
      );
      if (after.length === 0) continue;
      for (const a of on(modules[0])) {
        if (!isInside(first, pairFeatures(hits, a, b), compat)) continue;
        for (const c of after) {
          if (!isInside(both, tripletFeatures(hits, a, b, c, compat), compat)) continue;
          edges.add(b * numHits + a).add(c * numHits + b);
        }
      }
    }
  return edgesOf(edges, numHits);
}

/** Hits a, b, c with edges a → b and b → c, all of one particle. */
function* chains({ source, target }: EdgeIndex, particle: ArrayLike<number>) {
  const after = new Map<number, number[]>();
  for (let e = 0; e < source.length; e++)
    after.set(source[e], [...(after.get(source[e]) ?? []), target[e]]);
  for (let e = 0; e < source.length; e++)
    for (const c of after.get(target[e]) ?? [])
      if (particle[source[e]] === particle[target[e]] && particle[c] === particle[target[e]])
        yield [source[e], target[e], c] as const;
}

const noLimits = (size: number): Limits => ({
  low: new Float64Array(size).fill(Infinity),
  high: new Float64Array(size).fill(-Infinity),
});

/** Includes the values; NaN, of hits at one place, says nothing. */
function widen({ low, high }: Limits, values: readonly number[]): void {
  for (const [i, value] of values.entries()) {
    if (value < low[i]) low[i] = value;
    if (value > high[i]) high[i] = value;
  }
}

function isInside({ low, high }: Limits, values: readonly number[], compat: boolean): boolean {
  if (compat) return values.every((value, i) => value > low[i] && value < high[i]);
  return values.every((value, i) => Number.isNaN(value) || (value >= low[i] && value <= high[i]));
}

function found<T>(map: Map<string, T>, modules: readonly number[], make: () => T): T {
  const key = modules.join(" ");
  const known = map.get(key) ?? make();
  map.set(key, known);
  return known;
}

function inOrder<T extends { modules: readonly number[]; count: number }>(
  map: ReadonlyMap<string, T>,
  minCount: number,
): T[] {
  const byModules = (a: readonly number[], b: readonly number[]) => {
    const i = a.findIndex((module, place) => module !== b[place]);
    return i < 0 ? 0 : a[i] - b[i];
  };
  const kept = Array.from(map.values()).filter(({ count }) => count >= minCount);
  return kept.sort((a, b) => byModules(a.modules, b.modules));
}

function hitsByModule({ module }: ModuleHits): (number: number) => readonly number[] {
  const hits = new Map<number, number[]>();
  for (let h = 0; h < module.length; h++) {
    const own = hits.get(module[h]);
    if (own) own.push(h);
    else hits.set(module[h], [h]);
  }
  return (number) => hits.get(number) ?? [];
}

/** From target · H + source. */
function edgesOf(keys: ReadonlySet<number>, numHits: number): EdgeIndex {
  const sorted = Float64Array.from(keys).sort();
  return {
    source: Uint32Array.from(sorted, (key) => key % numHits),
    target: Uint32Array.from(sorted, (key) => Math.floor(key / numHits)),
  };
}

function checkModuleHits(where: string, { module, x, y, z }: ModuleHits): void {
  for (const [name, values] of Object.entries({ x, y, z }))
    if (values.length !== module.length)
      throw new ShapeError(
        `${where}(${name}): expected [${module.length}], like module, got [${values.length}]`,
      );
}
