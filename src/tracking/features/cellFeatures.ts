/**
 * The shape of a hit's cluster of cells, which tells the direction of the particle (Exa.TrkX, Ju et al. 2021,
 * arXiv:2103.06995): counts, charge, the box of cells in the module, and its direction here and in space.
 */
import { FormatError, ShapeError } from "../../engine/errors.ts";
import type { Detectors } from "../datasets/detectors.ts";
import type { Event } from "../event.ts";

export const cellFeatureNames = [
  "cell_count",
  "cell_val", // sum of charges
  "leta", // of (lx, ly, lz)
  "lphi",
  "lx", // mm: cells across u times pitch, along v times pitch, thickness
  "ly",
  "lz",
  "geta", // of the same turned into space
  "gphi",
] as const;

/** Row of each hit's module in the table of modules, u32 [H]. */
export function moduleRows({ hits, name }: Event, detectors: Detectors): Uint32Array {
  const { volume_id, layer_id, module_id } = detectors;
  const key = (volume: number, layer: number, module: number) =>
    (volume * 2 ** 10 + layer) * 2 ** 20 + module;
  const rows = new Map(
    Array.from(volume_id, (volume, row) => [key(volume, layer_id[row], module_id[row]), row]),
  );
  return Uint32Array.from(hits.hitId, (id, h) => {
    const row = rows.get(key(hits.volume[h], hits.layer[h], hits.module[h]));
    if (row !== undefined) return row;
    const place = `volume ${hits.volume[h]}, layer ${hits.layer[h]}, module ${hits.module[h]}`;
    throw new FormatError(
      `moduleRows: expected the module of hit ${id} of ${name} among the detectors, got none (${place})`,
    );
  });
}

/**
 * Nine numbers of each hit, f32 [H, 9], in the order of `cellFeatureNames`. A hit without cells has count and charge
 * 0 and NaN for the rest.
 */
export function cellFeatures(event: Event, detectors: Detectors): Float32Array {
  const { cells, numHits } = event;
  const { module_t, pitch_u, pitch_v } = detectors;
  if (!cells) throw new ShapeError(`cellFeatures(event): expected cells, got ${event}`);
  if (!module_t || !pitch_u || !pitch_v)
    throw new ShapeError(
      "cellFeatures(detectors): expected module_t, pitch_u and pitch_v, got none",
    );
  const rows = moduleRows(event, detectors);
  const boxes = boxesOf(cells, numHits);
  const width = cellFeatureNames.length;
  const features = new Float32Array(numHits * width);
  for (let hit = 0; hit < numHits; hit++) {
    const [m, { count, charge, across, along }] = [rows[hit], boxes[hit]];
    const size = [across * pitch_u[m], along * pitch_v[m], 2 * module_t[m]] as const;
    const [leta, lphi] = direction(...size);
    const [geta, gphi] = direction(...turned(size, detectors, m));
    features.set([count, charge, leta, lphi, ...size, geta, gphi], hit * width);
    if (count === 0) features.fill(Number.NaN, hit * width + 2, (hit + 1) * width);
  }
  return features;
}

/** Number and charge of each hit's cells, and how many cells wide they are each way. */
function boxesOf({ hit, ch0, ch1, value }: NonNullable<Event["cells"]>, numHits: number) {
  const boxes = Array.from({ length: numHits }, () => ({
    count: 0,
    charge: 0,
    low: [Infinity, Infinity],
    high: [-Infinity, -Infinity],
  }));
  for (let cell = 0; cell < hit.length; cell++) {
    const box = boxes[hit[cell]];
    box.count++;
    box.charge += value[cell];
    const at = [ch0[cell], ch1[cell]];
    for (const k of [0, 1]) {
      box.low[k] = Math.min(box.low[k], at[k]);
      box.high[k] = Math.max(box.high[k], at[k]);
    }
  }
  return boxes.map(({ count, charge, low, high }) => ({
    count,
    charge,
    across: high[0] - low[0] + 1,
    along: high[1] - low[1] + 1,
  }));
}

type Vector = readonly [number, number, number];

/** [η, φ] of a vector. */
function direction(x: number, y: number, z: number): [eta: number, phi: number] {
  const theta = Math.acos(z / Math.hypot(x, y, z));
  return [-Math.log(Math.tan(theta / 2)), Math.atan2(y, x)];
}

/** A vector of the module's coordinates in those of the detector. */
function turned([u, v, w]: Vector, table: Detectors, m: number): Vector {
  return [
    table.rot_xu[m] * u + table.rot_xv[m] * v + table.rot_xw[m] * w,
    table.rot_yu[m] * u + table.rot_yv[m] * v + table.rot_yw[m] * w,
    table.rot_zu[m] * u + table.rot_zv[m] * v + table.rot_zw[m] * w,
  ];
}
