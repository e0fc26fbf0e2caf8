/**
 * Events like those of REDVID (arXiv:2407.07179): tracks from the origin through disks and cylinders a unit apart.
 *
 *   linear   r = r_d·t,  theta = theta_d,             z = z_d·t     with z_d = ±1
 *   curved   r = a·t,    theta = ±t modulo 2π,        z = b·t
 *
 * Ranges of parameters, layers and noise are those inferred from the published sets.
 */
import { ShapeError } from "../../engine/errors.ts";
import type { RedvidEvent } from "../datasets/redvid.ts";
import { normal, philoxStream, type Rng, randomInteger } from "../random.ts";

export interface RedvidOptions {
  readonly kind: "linear" | "curved";
  readonly seed: number;
  readonly event?: number; // number of the event
  readonly tracks?: readonly [fewest: number, most: number]; // both included: 10 and 50
  readonly noise?: readonly [r: number, theta: number, z: number]; // standard deviations
}

interface RedvidLayer {
  readonly type: "short-strip" | "long-strip" | "barrel";
  readonly at: number; // |z| of a pair of disks, or radius of a cylinder
  readonly to: number; // outer radius, or half length
}

const layersOf = (type: RedvidLayer["type"], from: number, count: number, to: number) =>
  Array.from({ length: count }, (_, k): RedvidLayer => ({ type, at: from + k, to }));
const layers: readonly RedvidLayer[] = [
  ...layersOf("short-strip", 2, 5, 3),
  ...layersOf("long-strip", 7, 4, 6),
  ...layersOf("barrel", 4, 4, 6),
];

/** Type of each layer by its number, as `writeRedvid` wants them. */
export const redvidLayers: readonly string[] = layers.map(({ type }) => type);

/** A simulated event; the same bits for the same seed and number. Hits by layer, then by track. */
export function simulateRedvid(options: RedvidOptions): RedvidEvent {
  const { kind, seed, event = 0, tracks = [10, 50], noise = [0.01, 0.03, 0.08] } = options;
  const [fewest, most] = tracks;
  if (!(Number.isInteger(fewest) && Number.isInteger(most) && fewest >= 1 && most >= fewest))
    throw new ShapeError(
      `simulateRedvid(tracks): expected whole numbers from 1, the second no less, got ${tracks}`,
    );
  const rng = philoxStream(seed, [event, 0]);
  const curves = Array.from({ length: randomInteger(rng, fewest, most) }, () =>
    drawCurve(kind, rng),
  );
  const hits = curves
    .flatMap((curve, track) => crossings(curve).map((hit) => ({ ...hit, track })))
    .sort((a, b) => a.layer - b.layer || a.track - b.track);
  const smeared = hits.map(({ track, t }) => {
    const { r, theta, z } = curves[track];
    const angle = kind === "linear" ? theta : theta * t;
    const values = [r * t, angle, z * t].map((value, k) => value + noise[k] * normal(rng));
    return kind === "linear" ? values : [values[0], modulo(values[1]), values[2]];
  });
  const ofTrack = (k: "r" | "theta" | "z") =>
    Float64Array.from(hits, ({ track }) => curves[track][k]);
  return {
    kind,
    eventId: event,
    trackId: Int32Array.from(hits, ({ track }) => track),
    layer: Uint32Array.from(hits, ({ layer }) => layer),
    coordinates: [0, 1, 2].map((k) => Float64Array.from(smeared, (values) => rounded(values[k]))),
    track: [ofTrack("r"), ofTrack("theta"), ofTrack("z")],
  };
}

/** Coefficients of t, but for theta of a straight track, which is its azimuth. */
interface Curve {
  readonly r: number;
  readonly theta: number;
  readonly z: number;
}

function drawCurve(kind: RedvidOptions["kind"], rng: Rng): Curve {
  const between = (low: number, high: number) => rounded(low + (high - low) * rng());
  const sign = rng() < 0.5 ? -1 : 1;
  if (kind === "linear") return { r: between(0.03, 0.9), theta: between(0, 2 * Math.PI), z: sign };
  const turn = rng() < 0.5 ? -1 : 1;
  return { r: between(0.05, 1), theta: turn, z: sign * between(0.8, 2.6) };
}

/** Layers that a curve crosses, and at which t. */
function crossings({ r, z }: Curve): { layer: number; t: number }[] {
  return layers.flatMap(({ type, at, to }, layer) => {
    const [along, across] = type === "barrel" ? [r, Math.abs(z)] : [Math.abs(z), r];
    const t = at / along;
    return across * t <= to ? [{ layer, t }] : [];
  });
}

const rounded = (value: number): number => Math.round(value * 1e6) / 1e6; // as the published files
const modulo = (angle: number): number => angle - 2 * Math.PI * Math.floor(angle / (2 * Math.PI));
