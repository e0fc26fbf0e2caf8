/**
 * A detector with the layout of the TrackML one (Amrouche et al. 2020, arXiv:1904.06778): pixels, short
 * strips and long strips, each a barrel between two end caps, 18 728 flat modules.
 *
 * Volumes, layers, centers, rotations, sizes and pitches are those of its detectors.csv; modules of an
 * end cap are numbered ring by ring instead.
 */
import type { Detectors } from "../datasets/detectors.ts";
import { sinCos } from "../portableMath.ts";

interface Sensor {
  readonly halfThickness: number; // mm, as everything below
  readonly pitch: readonly [u: number, v: number];
}

const pixel: Sensor = { halfThickness: 0.15, pitch: [0.05, 0.05625] };
const shortStrip: Sensor = { halfThickness: 0.25, pitch: [0.08, 1.2] };
const longBarrelStrip: Sensor = { halfThickness: 0.35, pitch: [0.12, 10.8] };
const longDiskStrip: Sensor = { halfThickness: 0.35, pitch: [0.12, 10.4] };

interface Barrel {
  readonly volume: number;
  readonly sensor: Sensor;
  readonly layers: readonly { readonly r: number; readonly numPhi: number }[];
  readonly numZ: number;
  readonly stepZ: number;
  readonly halfSize: readonly [u: number, v: number];
  readonly staggerR: number; // modules of one ring stand this far out, of the next this far in
  readonly tilt: number; // of a module's normal against the radius, rad
}

const barrels: readonly Barrel[] = [
  {
    volume: 8,
    sensor: pixel,
    layers: [
      { r: 32, numPhi: 16 },
      { r: 72, numPhi: 32 },
      { r: 116, numPhi: 52 },
      { r: 172, numPhi: 78 },
    ],
    numZ: 14,
    stepZ: 70,
    halfSize: [8.4, 36],
    staggerR: 0.25,
    tilt: 0.14,
  },
  {
    volume: 13,
    sensor: shortStrip,
    layers: [
      { r: 260, numPhi: 40 },
      { r: 360, numPhi: 56 },
      { r: 500, numPhi: 78 },
      { r: 660, numPhi: 102 },
    ],
    numZ: 21,
    stepZ: 103,
    halfSize: [24, 54],
    staggerR: 1.5,
    tilt: -0.15,
  },
  {
    volume: 17,
    sensor: longBarrelStrip,
    layers: [
      { r: 820, numPhi: 120 },
      { r: 1020, numPhi: 152 },
    ],
    numZ: 21,
    stepZ: 103,
    halfSize: [24, 54],
    staggerR: 1.5,
    tilt: -0.15,
  },
];

interface Ring {
  readonly r: number;
  readonly numPhi: number;
  readonly inner: number; // half width at the end nearer the beam
  readonly outer: number;
  readonly halfLength: number;
  readonly offsets: readonly number[]; // of |z| from the disk's, module after module
}

interface EndCap {
  readonly volumes: readonly [negative: number, positive: number];
  readonly sensor: Sensor;
  readonly z: readonly number[]; // of the disks, outwards
  readonly rings: readonly Ring[];
}

const stripDisks = [1220, 1500, 1800, 2150, 2550, 2950];
const endCaps: readonly EndCap[] = [
  {
    volumes: [7, 9],
    sensor: pixel,
    z: [600, 700, 820, 960, 1100, 1300, 1500],
    rings: [
      ring(66, 40, [8.4, 8.4], 36, [2.5, -2, 2, -2.5]),
      ring(140, 68, [8.4, 8.4], 36, [2, -2]),
    ],
  },
  {
    volumes: [12, 14],
    sensor: shortStrip,
    z: stripDisks,
    rings: [
      ring(318, 54, [16.4, 24.2], 78, [-1.5, -4.5]),
      ring(470, 56, [24.2, 32.2], 78, [4.5, 1.5]),
      ring(622, 60, [32.2, 40], 78, [-1.5, -4.5]),
    ],
  },
  {
    volumes: [16, 18],
    sensor: longDiskStrip,
    z: stripDisks,
    rings: [ring(828, 48, [54, 64.2], 78, [-2.5, -5.5]), ring(942, 50, [66, 72], 78, [5.5, 2.5])],
  },
];

function ring(
  r: number,
  numPhi: number,
  [inner, outer]: readonly [number, number],
  halfLength: number,
  offsets: readonly number[],
): Ring {
  return { r, numPhi, inner, outer, halfLength, offsets };
}

type Vector = readonly [number, number, number];
interface Module {
  readonly place: readonly [volume: number, layer: number, module: number];
  readonly center: Vector;
  readonly axes: readonly [u: Vector, v: Vector, w: Vector]; // w is the normal
  readonly halfWidths: readonly [short: number, long: number];
  readonly halfLength: number;
  readonly sensor: Sensor;
}

/** The modules of all volumes, by volume, layer and module, as a `detectors.csv` lists them. */
export function trackmlDetector(): Detectors {
  const modules = [...barrels.flatMap(barrelModules), ...endCaps.flatMap(diskModules)];
  modules.sort((a, b) => a.place[0] - b.place[0] || a.place[1] - b.place[1]); // ids stay in order
  const column = (of: (module: Module) => number) => Float64Array.from(modules, of);
  const count = (k: 0 | 1 | 2) => Uint32Array.from(modules, ({ place }) => place[k]);
  const center = (axis: 0 | 1 | 2) => column((m) => m.center[axis]);
  const rotation = (row: 0 | 1 | 2, axis: 0 | 1 | 2) => column((m) => m.axes[axis][row]);
  return {
    volume_id: count(0),
    layer_id: count(1),
    module_id: count(2),
    cx: center(0),
    cy: center(1),
    cz: center(2),
    rot_xu: rotation(0, 0),
    rot_xv: rotation(0, 1),
    rot_xw: rotation(0, 2),
    rot_yu: rotation(1, 0),
    rot_yv: rotation(1, 1),
    rot_yw: rotation(1, 2),
    rot_zu: rotation(2, 0),
    rot_zv: rotation(2, 1),
    rot_zw: rotation(2, 2),
    module_t: column((m) => m.sensor.halfThickness),
    module_minhu: column((m) => m.halfWidths[0]),
    module_maxhu: column((m) => m.halfWidths[1]),
    module_hv: column((m) => m.halfLength),
    pitch_u: column((m) => m.sensor.pitch[0]),
    pitch_v: column((m) => m.sensor.pitch[1]),
  };
}

/** Azimuth of module `index` of `count`: the first stands half a step past −π. */
const azimuth = (index: number, count: number) => -Math.PI + ((2 * index + 1) * Math.PI) / count;

function barrelModules(barrel: Barrel): Module[] {
  const { volume, numZ, stepZ, staggerR, tilt, halfSize, sensor } = barrel;
  return barrel.layers.flatMap(({ r, numPhi }, l) =>
    Array.from({ length: numZ * numPhi }, (_, m): Module => {
      const [row, column] = [Math.floor(m / numPhi), m % numPhi];
      const phi = azimuth(column, numPhi);
      const [sin, cos] = sinCos(phi);
      const [tiltedSin, tiltedCos] = sinCos(phi + tilt);
      const radius = r + (row % 2 === 0 ? staggerR : -staggerR);
      return {
        place: [volume, 2 * (l + 1), m + 1],
        center: [radius * cos, radius * sin, (row - (numZ - 1) / 2) * stepZ],
        axes: [
          [-tiltedSin, tiltedCos, 0],
          [0, 0, 1],
          [tiltedCos, tiltedSin, 0],
        ],
        halfWidths: [halfSize[0], halfSize[0]],
        halfLength: halfSize[1],
        sensor,
      };
    }),
  );
}

function diskModules({ volumes, z, rings, sensor }: EndCap): Module[] {
  return ([-1, 1] as const).flatMap((side, s) =>
    z.flatMap((disk, d) => {
      const layer = 2 * (side > 0 ? d + 1 : z.length - d); // layers count along z
      let id = 0;
      return rings.flatMap(({ r, numPhi, inner, outer, halfLength, offsets }) =>
        Array.from({ length: numPhi }, (_, m): Module => {
          const [sin, cos] = sinCos(azimuth(m, numPhi));
          return {
            place: [volumes[s], layer, ++id],
            center: [r * cos, r * sin, side * (disk + offsets[m % offsets.length])],
            axes: [
              [side * sin, -side * cos, 0],
              [cos, sin, 0],
              [0, 0, side],
            ],
            halfWidths: [inner, outer],
            halfLength,
            sensor,
          };
        }),
      );
    }),
  );
}
