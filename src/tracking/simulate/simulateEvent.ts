/**
 * Simulated events with the layout of TrackML's (Amrouche et al. 2020, arXiv:1904.06778).
 *
 * Charged particles on helices through a detector of flat modules: scattering, energy loss, nuclear
 * interactions with their fragments, cells with charge, inefficiency, noise. Not simulated: neutral
 * particles, shared cells, electronics. The same seed gives the same bits in every engine: all
 * arithmetic is exact by the language's definition (portableMath.ts), all chance a counter-based stream.
 */
import { ShapeError } from "../../engine/errors.ts";
import type { Detectors } from "../datasets/detectors.ts";
import { Event } from "../event.ts";
import { trackmlWeights } from "../metrics/trackmlWeights.ts";
import { philoxStream, type Rng } from "../random.ts";
import { type BornParticle, primaries, secondaries } from "./collisions.ts";
import { digitize } from "./digitize.ts";
import { eventOf, type SimulatedHit } from "./eventOf.ts";
import { layersOf } from "./layers.ts";
import { noiseHits } from "./noise.ts";
import { trackmlDetector } from "./trackmlDetector.ts";
import { type Obstacle, obstaclesOf, transport } from "./transport.ts";

export interface SimulationOptions {
  readonly seed: number; // a whole number below 2⁵³; seed and event decide every bit
  readonly event?: number; // number of the event, 1
  readonly pileup?: number; // collisions at once: 200, or one in fifty of `particles`
  readonly particles?: number; // charged particles from the collisions, instead of a random number
  readonly detector?: Detectors; // with sizes of its modules; the TrackML layout
  readonly field?: number; // T, along z: 2
  readonly minPt?: number; // GeV, of the particles that are followed: 0.1
  readonly maxEta?: number; // 4
  readonly noise?: number; // share of all hits: 0.15
  readonly efficiency?: number; // of each module that is passed: 0.98
  readonly beamSpot?: { readonly sigmaXy: number; readonly sigmaZ: number }; // mm: 0.015 and 55
  readonly scattering?: boolean;
  readonly energyLoss?: boolean;
  readonly secondaries?: boolean; // nuclear interactions, and what they send out
  readonly decays?: boolean; // some particles start away from their collision
  readonly weightPhase?: 1 | 2; // of the TrackML score: in phase 2, the default, secondaries weigh nothing
}

type Settings = Required<Omit<SimulationOptions, "event" | "particles" | "detector">> & {
  readonly particles: number | undefined;
};

// particles of an event take the streams 0, 1, …, so noise and collisions change none of them
const [collisionStream, noiseStream] = [2 ** 32 - 1, 2 ** 32 - 2];

/** From the number of an event to the event, named like `event000000001`. */
export function simulator(options: Omit<SimulationOptions, "event">): (event: number) => Event {
  const settings = settingsOf(options);
  const detector = options.detector ?? standardDetector();
  const { volume_id: volume, layer_id: layer, module_id: module } = detector;
  const { modules, obstacles } = prepared(detector);
  return (number) => {
    const stream = (place: number) => philoxStream(settings.seed, [number, place]);
    const families = primaries(settings, stream(collisionStream)).map((primary, p) =>
      followFamily(primary, settings, obstacles, stream(p)),
    );
    const born = families.flatMap((family) => family.born);
    const hits = families.flatMap((family) => family.hits);
    const noise = noiseHits(hits.length, settings.noise, modules, stream(noiseStream));
    const name = `event${String(number).padStart(9, "0")}`;
    const event = eventOf(name, born, [...hits, ...noise], { volume, layer, module });
    return weighted(event, settings.weightPhase);
  };
}

/** One simulated event. */
export const simulateEvent = ({ event = 1, ...options }: SimulationOptions): Event =>
  simulator(options)(event);

const standardDetector = once(trackmlDetector);
const preparations = new WeakMap<Detectors, ReturnType<typeof prepare>>();

/** What particles meet in a detector; kept for the next event, because it takes longer than a small one. */
function prepared(detector: Detectors): ReturnType<typeof prepare> {
  const found = preparations.get(detector) ?? prepare(detector);
  preparations.set(detector, found);
  return found;
}

function prepare(detector: Detectors) {
  const { modules, layers } = layersOf(detector);
  return { modules, obstacles: obstaclesOf(layers) };
}

function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}

/** A particle, what its interactions send out, what those send out, …, and the hits of all. */
function followFamily(
  primary: BornParticle,
  settings: Settings,
  obstacles: readonly Obstacle[],
  rng: Rng,
): { born: BornParticle[]; hits: SimulatedHit[] } {
  const born = [primary];
  const hits: SimulatedHit[] = [];
  for (let member = 0; member < born.length; member++) {
    const particle = born[member];
    const { crossings, fragments } = transport(
      particle.state,
      particle.kind,
      obstacles,
      settings,
      rng,
    );
    for (const { module, state, u, v } of crossings) {
      if (rng() >= settings.efficiency) continue;
      const cluster = digitize({ module, state, u, v }, rng);
      hits.push({ module, state, particle, cluster });
    }
    born.push(...secondaries(fragments, particle, born.length - 1, settings));
  }
  return { born, hits };
}

/** The event with the weights of its hits in the score, to eight digits. */
function weighted(event: Event, phase: 1 | 2): Event {
  const { weight } = trackmlWeights(event, { phase });
  const rounded = weight.map((w) => Number(w.toPrecision(8)));
  return new Event({ ...event, truth: { ...event.truth!, weight: rounded } });
}

const mostCollisions = 4095; // a particle id has 12 bits for them, and 16 for the particles of each
const mostParticles = 65535;

function settingsOf(options: Omit<SimulationOptions, "event">): Settings {
  const { particles } = options;
  const settings: Settings = {
    seed: options.seed,
    particles,
    pileup:
      options.pileup ?? (particles === undefined ? 200 : Math.ceil(Math.max(particles, 1) / 50)),
    field: options.field ?? 2,
    minPt: options.minPt ?? 0.1,
    maxEta: options.maxEta ?? 4,
    noise: options.noise ?? 0.15,
    efficiency: options.efficiency ?? 0.98,
    beamSpot: options.beamSpot ?? { sigmaXy: 0.015, sigmaZ: 55 },
    scattering: options.scattering ?? true,
    energyLoss: options.energyLoss ?? true,
    secondaries: options.secondaries ?? true,
    decays: options.decays ?? true,
    weightPhase: options.weightPhase ?? 2,
  };
  const isCount = (value: number, low: number, high: number) =>
    Number.isInteger(value) && value >= low && value <= high;
  const isIn = (value: number, low: number, high: number) => value >= low && value <= high;
  const rules: [name: keyof Settings, holds: boolean, expected: string][] = [
    [
      "pileup",
      isCount(settings.pileup, 1, mostCollisions),
      `a whole number from 1 to ${mostCollisions}`,
    ],
    [
      "particles",
      isCount(particles ?? 0, 0, mostParticles),
      `a whole number up to ${mostParticles}`,
    ],
    ["field", isIn(settings.field, -20, 20), "a field from −20 to 20 T"],
    ["minPt", isIn(settings.minPt, 0.02, 1000), "0.02 to 1000 GeV"],
    ["maxEta", isIn(settings.maxEta, 0, 8), "a number from 0 to 8"],
    ["noise", isIn(settings.noise, 0, 0.99), "a share from 0 to 0.99"],
    ["efficiency", isIn(settings.efficiency, 0, 1), "a share from 0 to 1"],
  ];
  for (const [name, holds, expected] of rules)
    if (!holds)
      throw new ShapeError(`simulate(${name}): expected ${expected}, got ${settings[name]}`);
  return settings;
}
