/** The layers of a detector as a particle meets them: surfaces to cross, and the modules at a place. */
import { FormatError } from "../../engine/errors.ts";
import type { Detectors } from "../datasets/detectors.ts";
import { atan2, hypot } from "../portableMath.ts";
import type { Plane } from "./helix.ts";

/** A flat sensor: its row in the table of modules, where it stands and how it is cut into cells; mm. */
export interface Module extends Plane {
  readonly row: number;
  readonly u: readonly [number, number, number]; // local axes
  readonly v: readonly [number, number, number];
  readonly shortHalf: number; // half width at −v and at +v
  readonly longHalf: number;
  readonly halfLength: number;
  readonly depth: number; // of silicon that collects charge
  readonly pitch: readonly [u: number, v: number];
}

/** A cylinder around z of radius `at`, or a disk at z = `at`, between two bounds of the other coordinate. */
export interface Surface {
  readonly shape: "cylinder" | "disk";
  readonly at: number;
  readonly low: number;
  readonly high: number;
}

export interface Layer extends Surface {
  readonly volume: number;
  /** Modules that a particle may pass which crosses the surface at azimuth phi and z (or r). */
  readonly modulesAt: (phi: number, other: number) => readonly Module[];
}

/** The modules of a table, and they by volume and layer; their sizes and pitches must be in it. */
export function layersOf(detectors: Detectors): { modules: Module[]; layers: Layer[] } {
  const modules = Array.from(detectors.volume_id, (_, row) => moduleIn(detectors, row));
  const groups = new Map<string, Module[]>();
  for (const module of modules) {
    const key = `${detectors.volume_id[module.row]} ${detectors.layer_id[module.row]}`;
    groups.set(key, [...(groups.get(key) ?? []), module]);
  }
  const layers = [...groups.values()].map((group) =>
    layerOf(group, detectors.volume_id[group[0].row]),
  );
  return { modules, layers };
}

function moduleIn(table: Detectors, row: number): Module {
  const { module_t, module_minhu, module_maxhu, module_hv, pitch_u, pitch_v } = table;
  if (!module_t || !module_minhu || !module_maxhu || !module_hv || !pitch_u || !pitch_v) {
    const expected =
      "expected module_t, module_minhu, module_maxhu, module_hv, pitch_u and pitch_v";
    throw new FormatError(`simulate: detectors: ${expected}, got a table without sizes`);
  }
  return {
    row,
    center: [table.cx[row], table.cy[row], table.cz[row]],
    u: [table.rot_xu[row], table.rot_yu[row], table.rot_zu[row]],
    v: [table.rot_xv[row], table.rot_yv[row], table.rot_zv[row]],
    normal: [table.rot_xw[row], table.rot_yw[row], table.rot_zw[row]],
    shortHalf: module_minhu[row],
    longHalf: module_maxhu[row],
    halfLength: module_hv[row],
    // module_t is half a thickness; charges in TrackML's barrels are of half a sensor, in its disks of all of it
    depth: Math.abs(table.rot_zw[row]) < 0.5 ? module_t[row] : 2 * module_t[row],
    pitch: [pitch_u[row], pitch_v[row]],
  };
}

/** Corners and center of a module: [across, other, phi] = distance from the surface, its other coordinate, azimuth. */
function outline(module: Module, isBarrel: boolean) {
  const { center, u, v, longHalf, halfLength } = module;
  return [
    [0, 0],
    [1, 1],
    [1, -1],
    [-1, 1],
    [-1, -1],
  ].map(([a, b]) => {
    const at = (k: 0 | 1 | 2) => center[k] + a * longHalf * u[k] + b * halfLength * v[k];
    const r = hypot(at(0), at(1));
    const phi = atan2(at(1), at(0));
    return isBarrel ? { across: r, other: at(2), phi } : { across: at(2), other: r, phi };
  });
}

function layerOf(modules: readonly Module[], volume: number): Layer {
  const isBarrel = Math.abs(modules[0].normal[2]) < 0.5;
  const outlines = modules.map((module) => outline(module, isBarrel));
  const at = mean(outlines.map(([center]) => center.across));
  const points = outlines.flat();
  const [low, high] = rangeOf(points.map(({ other }) => other));
  // a module stands off the surface by this much, so a particle passes it beside where it crosses
  const off = Math.max(...points.map(({ across }) => Math.abs(across - at)));
  const reach = isBarrel ? Math.max(high, -low) / at : high / Math.abs(at);
  const margin = { other: 1 + 1.5 * off * Math.max(1, reach), around: 1 + 1.5 * off };
  const shape = isBarrel ? "cylinder" : "disk";
  const modulesAt = lookup(modules, outlines, margin, isBarrel ? at : undefined, [low, high]);
  return { shape, at, low: low - margin.other, high: high + margin.other, volume, modulesAt };
}

type Outline = ReturnType<typeof outline>;

/** A grid of azimuth and the other coordinate; each module is in every bin that it may be met from. */
function lookup(
  modules: readonly Module[],
  outlines: readonly Outline[],
  margin: { readonly other: number; readonly around: number },
  barrelRadius: number | undefined,
  [low, high]: readonly [number, number],
): Layer["modulesAt"] {
  const { longHalf, halfLength } = modules[0];
  const radius = barrelRadius ?? low;
  const numPhi = Math.max(4, Math.round((Math.PI * radius) / longHalf));
  const numOther = Math.max(1, Math.round((high - low) / (2 * halfLength)));
  const phiBin = (phi: number) => Math.floor(((phi + Math.PI) * numPhi) / (2 * Math.PI));
  const otherBin = (other: number) =>
    Math.min(numOther - 1, Math.max(0, Math.floor(((other - low) * numOther) / (high - low))));
  const bins = Array.from({ length: numPhi * numOther }, (): Module[] => []);
  outlines.forEach((points, m) => {
    const [center] = points;
    const nearest = barrelRadius ?? Math.min(...points.map(({ other }) => other));
    const around = margin.around / Math.max(nearest, 1);
    const [left, right] = rangeOf(points.map(({ phi }) => wrapped(phi - center.phi)));
    const [from, to] = rangeOf(points.map(({ other }) => other));
    const [firstPhi, lastPhi] = [
      phiBin(center.phi + left - around),
      phiBin(center.phi + right + around),
    ];
    for (let p = firstPhi; p <= Math.min(lastPhi, firstPhi + numPhi - 1); p++)
      for (let o = otherBin(from - margin.other); o <= otherBin(to + margin.other); o++)
        bins[(((p % numPhi) + numPhi) % numPhi) * numOther + o].push(modules[m]);
  });
  return (phi, other) => bins[Math.min(phiBin(phi), numPhi - 1) * numOther + otherBin(other)];
}

const wrapped = (angle: number) => angle - 2 * Math.PI * Math.round(angle / (2 * Math.PI));
const mean = (values: readonly number[]) => values.reduce((sum, x) => sum + x, 0) / values.length;
const rangeOf = (values: readonly number[]): [number, number] => [
  values.reduce((least, x) => Math.min(least, x), Infinity),
  values.reduce((most, x) => Math.max(most, x), -Infinity),
];
