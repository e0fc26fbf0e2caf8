/** A detector layer as its hits outline it: a cylinder between two z, or a disk between two radii. */
export interface LayerOutline {
  readonly volume: number;
  readonly layer: number;
  readonly isBarrel: boolean;
  readonly r: readonly [low: number, high: number];
  readonly z: readonly [low: number, high: number];
}

const fewestHits = 8; // with fewer, the outline would be a guess

/** One outline per layer with enough hits; lengths mm, position f32 [H, 3]. */
export function layerOutlines(hits: {
  readonly position: Float32Array;
  readonly volume: Uint32Array;
  readonly layer: Uint32Array;
}): LayerOutline[] {
  const { position, volume, layer } = hits;
  const byLayer = new Map<string, { r: number[]; z: number[] }>();
  for (let h = 0; h < volume.length; h++) {
    const key = `${volume[h]} ${layer[h]}`;
    const seen = byLayer.get(key) ?? { r: [], z: [] };
    byLayer.set(key, seen);
    seen.r.push(Math.hypot(position[3 * h], position[3 * h + 1]));
    seen.z.push(position[3 * h + 2]);
  }
  return [...byLayer]
    .filter(([, { r }]) => r.length >= fewestHits)
    .map(([key, seen]) => {
      const [r, z] = [extent(seen.r), extent(seen.z)];
      const [ofVolume, ofLayer] = key.split(" ").map(Number);
      return { volume: ofVolume, layer: ofLayer, isBarrel: z[1] - z[0] > r[1] - r[0], r, z };
    });
}

const extent = (values: readonly number[]): [number, number] => [
  values.reduce((a, b) => Math.min(a, b)),
  values.reduce((a, b) => Math.max(a, b)),
];
