/**
 * From a particle in a sensor to the cells that fire and the position they give.
 *
 * The way through the sensor is cut at the borders of cells; a cell's charge is the length inside it in mm,
 * with noise. Pixels report charges, strips only that they fired. The position is the mean of
 * the cells, so the resolution of a volume follows from its pitches, and long clusters tell the direction.
 */
import { hypot } from "../portableMath.ts";
import { normal, type Rng } from "../random.ts";
import type { Module } from "./layers.ts";
import type { Crossing } from "./transport.ts";

/** Cells of one hit and the local position they give, mm. */
export interface Cluster {
  readonly ch0: readonly number[];
  readonly ch1: readonly number[];
  readonly value: readonly number[];
  readonly u: number;
  readonly v: number;
}

const chargeNoise = 0.15; // of the charge of a cell
const threshold = 0.02; // mm of silicon
/** Pixels are finer than this along v; beyond, a cell is a strip and gives one bit. */
const longestPixel = 1;

export function digitize({ module, state, u, v }: Crossing, rng: Rng): Cluster {
  const direction = (axis: readonly number[]) =>
    state.px * axis[0] + state.py * axis[1] + state.pz * axis[2];
  const [along, slopeU, slopeV] = [
    direction(module.normal),
    direction(module.u),
    direction(module.v),
  ];
  const [halfU, halfV] = [slopeU, slopeV].map((slope) => ((slope / along) * module.depth) / 2);
  const cells = cellsAlong(module, [u - halfU, v - halfV], [u + halfU, v + halfV]);
  const length = hypot(2 * halfU, 2 * halfV, module.depth);
  const charged = cells.map(([c0, c1, share]) => {
    const charge = share * length * (1 + chargeNoise * normal(rng));
    return [c0, c1, charge] as const;
  });
  return clusterOf(module, charged);
}

/** Fires cells that are charged enough, or the one that is charged most. */
function clusterOf(
  module: Module,
  charged: readonly (readonly [number, number, number])[],
): Cluster {
  const most = charged.reduce((best, cell) => (cell[2] > best[2] ? cell : best));
  const above = charged.filter(([, , charge]) => charge > threshold);
  const fired = above.length > 0 ? above : [[most[0], most[1], threshold] as const];
  const value = fired.map(([, , charge]) => (isStrip(module) ? 1 : rounded(charge)));
  const total = value.reduce((sum, charge) => sum + charge, 0);
  const mean = (of: (cell: readonly [number, number, number]) => number) =>
    fired.reduce((sum, cell, c) => sum + of(cell) * value[c], 0) / total;
  return {
    ch0: fired.map(([c0]) => c0),
    ch1: fired.map(([, c1]) => c1),
    value,
    u: mean(([c0]) => (c0 + 0.5) * module.pitch[0]) - module.longHalf,
    v: mean(([, c1]) => (c1 + 0.5) * module.pitch[1]) - module.halfLength,
  };
}

const isStrip = ({ pitch }: Module): boolean => pitch[1] > longestPixel;
const rounded = (charge: number): number => Math.round(charge * 1e6) / 1e6;

/** [ch0, ch1, share of the way] of every cell between two points of a module, in order of passing. */
function cellsAlong(
  { longHalf, halfLength, pitch }: Module,
  from: readonly [number, number],
  to: readonly [number, number],
): [ch0: number, ch1: number, share: number][] {
  const starts = [(from[0] + longHalf) / pitch[0], (from[1] + halfLength) / pitch[1]];
  const ends = [(to[0] + longHalf) / pitch[0], (to[1] + halfLength) / pitch[1]];
  const counts = [Math.round((2 * longHalf) / pitch[0]), Math.round((2 * halfLength) / pitch[1])];
  const borders = [
    0,
    1,
    ...bordersBetween(starts[0], ends[0]),
    ...bordersBetween(starts[1], ends[1]),
  ];
  borders.sort((a, b) => a - b);
  const cells: [number, number, number][] = [];
  for (let b = 1; b < borders.length; b++) {
    const [share, middle] = [borders[b] - borders[b - 1], (borders[b] + borders[b - 1]) / 2];
    if (share <= 0) continue;
    // what leaves the module at its edge is collected by the last cell
    const [c0, c1] = [0, 1].map((k) => {
      const cell = Math.floor(starts[k] + (ends[k] - starts[k]) * middle);
      return Math.min(counts[k] - 1, Math.max(0, cell));
    });
    const last = cells.at(-1);
    if (last?.[0] === c0 && last[1] === c1) last[2] += share;
    else cells.push([c0, c1, share]);
  }
  return cells;
}

/** Where, between 0 and 1, the line from `start` to `end` passes whole numbers. */
function bordersBetween(start: number, end: number): number[] {
  const [low, high] = [Math.min(start, end), Math.max(start, end)];
  const borders: number[] = [];
  for (let border = Math.ceil(low); border < high; border++)
    if (border > low) borders.push((border - start) / (end - start));
  return borders;
}
