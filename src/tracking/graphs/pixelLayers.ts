/** The pixel detector of TrackML as the published graphs number it, and what they cut on. */
import { ShapeError } from "../../engine/errors.ts";
import type { DoubletCuts, LayerPair } from "./doublets.ts";
import type { EdgeIndex } from "./edgeIndex.ts";

const numBarrel = 4;
const numDisks = 7;
const firstDisk = { forward: numBarrel, backward: numBarrel + numDisks };

/**
 * Number of each hit's pixel layer, i32 [H]: barrel 0 … 3, disks at z > 0 4 … 10, at z < 0 11 … 17, all
 * from the inside out; −1 outside the pixels (volumes 7, 8, 9).
 */
export function pixelLayers(
  volume: ArrayLike<number>,
  layer: ArrayLike<number>, // 2, 4, …; disks count up with z
): Int32Array {
  if (volume.length !== layer.length)
    throw new ShapeError(
      `pixelLayers(layer): expected [${volume.length}], like volume, got [${layer.length}]`,
    );
  return Int32Array.from(volume, (v, h) => {
    const place = layer[h] / 2 - 1;
    if (v === 8) return place;
    if (v === 9) return firstDisk.forward + place;
    return v === 7 ? firstDisk.backward + numDisks - 1 - place : -1;
  });
}

// radius of the next barrel layer, in mm, and the half length of all of them
const [halfLength, nextRadius] = [490.975, [71.56298065185547, 115.37811279296875]];

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);
const next = (inner: number): LayerPair => ({ inner, outer: inner + 1 });

/** Adjacent layers, and every barrel layer with the first disks unless the next one is in the way. */
export const pixelPairs: readonly LayerPair[] = [
  ...range(0, numBarrel - 1).map(next),
  ...Object.values(firstDisk).flatMap((disk) => range(disk, disk + numDisks - 1).map(next)),
  ...range(0, numBarrel).flatMap((inner) =>
    Object.values(firstDisk).map((outer) => {
      const radius = nextRadius[inner]; // only for two layers, as published
      return radius === undefined
        ? { inner, outer }
        : { inner, outer, unless: { radius, halfLength } };
    }),
  ),
];

/** For pt > 1 GeV in 2 T, a slope of 0.0006 rad/mm at least; the cut on z0 is wide open. */
export const pixelCuts: DoubletCuts = { maxPhiSlope: 0.0006, maxZ0: 15_000 };

/**
 * The hits that enter a published graph, ascending: in the pixels, of particles above `minPt` GeV, and of
 * those the innermost on each layer.
 */
export function pixelHits(
  hits: {
    readonly layer: ArrayLike<number>; // of `pixelLayers`
    readonly r: ArrayLike<number>;
    readonly particle: ArrayLike<number>; // 0 or less: noise
    readonly pt: ArrayLike<number>; // of the particle, GeV
  },
  minPt = 1,
): Uint32Array {
  const { layer, r, particle, pt } = hits;
  const innermost = new Map<string, number>();
  for (let h = 0; h < layer.length; h++) {
    if (layer[h] < 0 || !(particle[h] > 0) || !(pt[h] > minPt)) continue;
    const key = `${particle[h]} ${layer[h]}`;
    const known = innermost.get(key);
    if (known === undefined || r[h] < r[known]) innermost.set(key, h);
  }
  return Uint32Array.from(innermost.values()).sort();
}

/**
 * Which edges are true, u8 [E]: both hits are of one particle, and where it has edges to a disk from several
 * barrel layers, only that from the outermost.
 */
export function pixelLabels(
  { source, target }: EdgeIndex,
  particle: ArrayLike<number>,
  layer: ArrayLike<number>,
): Uint8Array {
  const isSame = Uint8Array.from(source, (s, e) => Number(particle[s] === particle[target[e]]));
  const isEntry = (e: number) => layer[source[e]] < numBarrel && layer[target[e]] >= numBarrel;
  const outermost = new Map<number, number>(); // barrel layer, by target
  for (let e = 0; e < source.length; e++)
    if (isSame[e] && isEntry(e))
      outermost.set(target[e], Math.max(outermost.get(target[e]) ?? 0, layer[source[e]]));
  return isSame.map((is, e) =>
    is && isEntry(e) ? Number(outermost.get(target[e]) === layer[source[e]]) : is,
  );
}
