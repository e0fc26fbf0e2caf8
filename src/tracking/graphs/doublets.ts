/**
 * Candidate segments by geometry: hits on neighboring layers that a particle from near the beam with enough
 * pt could have left. With `pixelPairs` and `pixelCuts` it gives the edges of the published pixel graphs
 * above 1 GeV to the last one (DeZoort et al. 2021, arXiv:2103.16701).
 */
import { ShapeError } from "../../engine/errors.ts";
import type { EdgeIndex } from "./edgeIndex.ts";

/** Where the hits [H] of an event are; `layer` numbers layers across the detector. */
export interface LayeredHits {
  readonly layer: ArrayLike<number>;
  readonly r: ArrayLike<number>; // mm
  readonly phi: ArrayLike<number>;
  readonly z: ArrayLike<number>; // mm
}

/** Edges go from `inner` to `outer`. */
export interface LayerPair {
  readonly inner: number;
  readonly outer: number;
  /**
   * A cylinder between the two, |z| < halfLength (mm), that a particle would have hit: no edge crosses it
   * on its straight line in (r, z).
   */
  readonly unless?: { readonly radius: number; readonly halfLength: number };
}

/** An edge stays strictly below each of these; what is not given cuts nothing. */
export interface DoubletCuts {
  readonly maxPhiSlope?: number; // |Δφ / Δr|, rad/mm: grows as 1/pt
  readonly maxZ0?: number; // |z − r Δz/Δr| where the line meets the beam, mm
  readonly maxDeltaEta?: number; // |Δη| of the two hits
  readonly maxDeltaR?: number; // √(Δη² + Δφ²)
}

/** All pairs of hits on the given pairs of layers within the cuts, by target, then source. */
export function doublets(
  hits: LayeredHits,
  pairs: readonly LayerPair[],
  cuts: DoubletCuts,
): EdgeIndex {
  checkHits(hits);
  const layers = byLayer(hits);
  const ofOuter = new Map<number, { pair: LayerPair; inner: Layer }[]>();
  for (const pair of pairs) {
    const inner = layers.get(pair.inner);
    if (!inner) continue;
    const sources = ofOuter.get(pair.outer) ?? [];
    ofOuter.set(pair.outer, [...sources, { pair, inner }]);
  }
  const [source, target]: number[][] = [[], []];
  const isKept = edgeTest(hits, cuts);
  for (let outer = 0; outer < hits.layer.length; outer++) {
    const sources: number[] = [];
    for (const { pair, inner } of ofOuter.get(hits.layer[outer]) ?? [])
      for (const hit of withinPhi(inner, hits, outer, cuts))
        if (isKept(hit, outer, pair)) sources.push(hit);
    for (const hit of sources.sort((a, b) => a - b)) {
      source.push(hit);
      target.push(outer);
    }
  }
  return { source: Uint32Array.from(source), target: Uint32Array.from(target) };
}

/** Hits of one layer by φ, and how far it reaches. */
interface Layer {
  readonly hits: Uint32Array;
  readonly phi: Float64Array; // ascending
  readonly minR: number;
  readonly maxR: number;
}

function byLayer({ layer, r, phi }: LayeredHits): Map<number, Layer> {
  const rows = new Map<number, number[]>();
  for (let h = 0; h < layer.length; h++) {
    if (Number.isNaN(phi[h]) || Number.isNaN(r[h])) continue; // nowhere
    const own = rows.get(layer[h]);
    if (own) own.push(h);
    else rows.set(layer[h], [h]);
  }
  const layerOf = (own: number[]): Layer => {
    const hits = Uint32Array.from(own).sort((a, b) => phi[a] - phi[b]);
    const radii = own.map((h) => r[h]);
    return {
      hits,
      phi: Float64Array.from(hits, (h) => phi[h]),
      minR: radii.reduce((a, b) => Math.min(a, b), Infinity),
      maxR: radii.reduce((a, b) => Math.max(a, b), 0),
    };
  };
  return new Map(Array.from(rows, ([number, own]) => [number, layerOf(own)]));
}

const turn = 2 * Math.PI;

/** The angle between −π and π. */
const wrapped = (angle: number): number => angle - turn * Math.floor((angle + Math.PI) / turn);

/** The layer's hits that the cut on the slope in φ may leave, and few others. */
function* withinPhi(layer: Layer, { r, phi }: LayeredHits, outer: number, cuts: DoubletCuts) {
  const { maxPhiSlope = Infinity, maxDeltaR = Infinity } = cuts;
  const farthest = Math.max(Math.abs(r[outer] - layer.minR), Math.abs(layer.maxR - r[outer]));
  const width = Math.min(maxPhiSlope * farthest, maxDeltaR) * (1 + 1e-9); // rounding
  if (!(width < Math.PI)) {
    yield* layer.hits;
    return;
  }
  // the window, and the same one turn away; a hit at ±π is in one of them
  for (const middle of [phi[outer] - turn, phi[outer], phi[outer] + turn])
    for (let i = lowerBound(layer.phi, middle - width); layer.phi[i] <= middle + width; i++)
      yield layer.hits[i];
}

/** The first place whose value is not below x. */
function lowerBound(values: Float64Array, x: number): number {
  let [low, high] = [0, values.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle] < x) low = middle + 1;
    else high = middle;
  }
  return low;
}

function edgeTest({ r, phi, z }: LayeredHits, cuts: DoubletCuts) {
  const { maxPhiSlope = Infinity, maxZ0 = Infinity } = cuts;
  const { maxDeltaEta = Infinity, maxDeltaR = Infinity } = cuts;
  const cutsEta = maxDeltaEta < Infinity || maxDeltaR < Infinity;
  const etaOf = (hit: number) => Math.asinh(z[hit] / r[hit]);
  return (inner: number, outer: number, { unless }: LayerPair): boolean => {
    const deltaR = r[outer] - r[inner];
    const deltaPhi = wrapped(phi[outer] - phi[inner]);
    const slope = (z[outer] - z[inner]) / deltaR;
    const z0 = z[inner] - r[inner] * slope;
    // NaN, of two hits at one radius, fails every cut
    if (!(Math.abs(deltaPhi / deltaR) < maxPhiSlope || maxPhiSlope === Infinity)) return false;
    if (!(Math.abs(z0) < maxZ0 || maxZ0 === Infinity)) return false;
    if (unless && Math.abs(unless.radius * slope + z0) < unless.halfLength) return false;
    if (!cutsEta) return true;
    const deltaEta = etaOf(outer) - etaOf(inner);
    return Math.abs(deltaEta) < maxDeltaEta && Math.hypot(deltaEta, deltaPhi) < maxDeltaR;
  };
}

function checkHits({ layer, r, phi, z }: LayeredHits): void {
  for (const [name, values] of Object.entries({ r, phi, z }))
    if (values.length !== layer.length)
      throw new ShapeError(
        `doublets(${name}): expected [${layer.length}], like layer, got [${values.length}]`,
      );
  for (let h = 0; h < layer.length; h++)
    if (Math.abs(phi[h]) > turn)
      throw new ShapeError(
        `doublets(phi): expected radians from −2π to 2π, got ${phi[h]} at hit ${h}`,
      );
}
