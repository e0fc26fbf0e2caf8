/** Reads the events that an EggNet configuration names, and cuts them. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { cutEvent, isTargetHit } from "../../../models/index.ts";
import { FormatError } from "../../engine/errors.ts";
import { eventPaths, readAnyEvent } from "../../node/events.ts";
import { filePieces } from "../../node/files.ts";
import {
  azimuthSectors,
  type Detectors,
  type Event,
  mirrorEvent,
  philoxStream,
  readDetectors,
  rotateEvent,
} from "../../tracking/index.ts";
import { sample } from "../../tracking/random.ts";
import { type DataSet, dataSets } from "../family.ts";
import type { EggNetSettings } from "./eggnetConfig.ts";

export interface EggNetSets extends Record<DataSet, Event[]> {
  /** Modules, if there is a detectors.csv beside the events. */
  readonly detectors: Detectors | undefined;
  /** Events that the cuts left too few hits of. */
  readonly dropped: readonly string[];
}

type Chosen = Omit<EggNetSets, "detectors">;

export async function readSets(config: EggNetSettings): Promise<EggNetSets> {
  const chosen = await (config.phi_sectors === undefined ? readWhole(config) : readSectors(config));
  return { ...chosen, detectors: await detectorsIn(config.input_dir) };
}

/**
 * As many events of each set as `data_split` says: the first of its folder, or, where the folder has no
 * such folders in it, the first for training, the next to validate, the next to test. Sorted by name.
 */
async function readWhole(config: EggNetSettings): Promise<Chosen> {
  const { input_dir: folder, data_split: counts } = config;
  const isSplit = dataSets.some((set) => existsSync(join(folder, set)));
  const sets: Record<DataSet, Event[]> = { trainset: [], valset: [], testset: [] };
  const dropped: string[] = [];
  let first = 0;
  for (const [which, set] of dataSets.entries()) {
    if (counts[which] === 0) continue;
    const path = isSplit ? join(folder, set) : folder;
    const start = isSplit ? 0 : first;
    const found = pathsIn(path, config).slice(start, start + counts[which]);
    expectEnough(found, { path, set, count: counts[which], what: "events" });
    const rng = philoxStream(config.seed, [0, which + 1]); // of the azimuths of slices
    for (const eventPath of found) {
      const event = cutEvent(await readAnyEvent(eventPath), { ...cutsOf(config, set), rng });
      if (event) sets[set].push(event);
      else dropped.push(eventPath);
    }
    if (sets[set].length === 0)
      throw new FormatError(
        `${path}: expected events with ${config.min_nodes} hits or more after the cuts, got none of ${found.length}`,
      );
    first += counts[which];
  }
  return { ...sets, dropped };
}

/** Sectors of all events of the folder that have hits enough, shuffled, as many for each set as wanted. */
async function readSectors(config: EggNetSettings): Promise<Chosen> {
  const { input_dir: path, data_split: counts, min_nodes, phi_sectors = 1 } = config;
  const rng = philoxStream(config.seed, [0, 1]);
  const all: Event[] = [];
  for (const eventPath of pathsIn(path, config)) {
    const cut = cutEvent(await readAnyEvent(eventPath), {
      ...{ conditions: config.hard_cuts ?? {}, minNodes: 1, rng },
    });
    if (cut) all.push(...azimuthSectors(cut, phi_sectors, { isCentered: true }));
  }
  const large = all.filter(({ numHits }) => numHits >= min_nodes);
  const order = sample(rng, large.length, large.length);
  const sets: Record<DataSet, Event[]> = { trainset: [], valset: [], testset: [] };
  let first = 0;
  for (const [which, set] of dataSets.entries()) {
    sets[set] = Array.from(order.slice(first, first + counts[which]), (at) => large[at]);
    expectEnough(sets[set], { path, set, count: counts[which], what: "sectors" });
    first += counts[which];
  }
  const dropped = all.filter((sector) => !large.includes(sector)).map(({ name }) => name);
  return { ...sets, dropped };
}

/** Of the events that the configuration names, or of all. */
function pathsIn(path: string, { events }: EggNetSettings): string[] {
  return events ? events.flatMap((name) => eventPaths(join(path, name))) : eventPaths(path);
}

interface Wanted {
  path: string;
  set: DataSet;
  count: number;
  what: "events" | "sectors";
}

function expectEnough(found: readonly unknown[], { path, set, count, what }: Wanted): void {
  if (found.length < count)
    throw new FormatError(`${path}: expected ${count} ${what} for the ${set}, got ${found.length}`);
}

/** Events to train on, in an order that seed and epoch decide, moved as the configuration says. */
export function* eventsOfEpoch(
  events: readonly Event[],
  config: Pick<EggNetSettings, "seed" | "random_rotation" | "random_mirror">,
  epoch: number,
): Generator<Event> {
  const { seed, random_rotation: most, random_mirror: isMirrored } = config;
  const rng = philoxStream(seed, [epoch, 0]);
  for (const at of sample(rng, events.length, events.length)) {
    let event = events[at];
    if (most > 0) event = rotateEvent(event, most * (2 * rng() - 1));
    for (const axis of ["y", "z"] as const)
      if (isMirrored && rng() < 0.5) event = mirrorEvent(event, axis);
    yield event;
  }
}

/** Slices in azimuth are for training and validation only. */
function cutsOf(config: EggNetSettings, set: DataSet) {
  const isSegmented = config.phi_segmented && set !== "testset";
  return {
    conditions: config.hard_cuts ?? {},
    compat: config.compat,
    minNodes: config.hard_cuts || isSegmented ? config.min_nodes : 1,
    ...(isSegmented && {
      isSegmented,
      fraction: config.graph_fraction,
      isWidest: config.max_possible_width,
      tolerance: config.graph_adjustment_tol,
      method: methods[config.graph_fraction_adjustment_method],
      ...(config.max_nodes !== undefined && { maxNodes: config.max_nodes }),
    }),
  };
}

const methods = { binary_search: "binarySearch", resample: "resample" } as const;

async function detectorsIn(folder: string): Promise<Detectors | undefined> {
  const path = ["detectors.csv", "detectors.csv.gz"]
    .map((name) => join(folder, name))
    .find(existsSync);
  return path === undefined ? undefined : readDetectors(filePieces(path), path);
}

/** Hits of the particles that conditional weighting is about; of all particles without it. */
export function signalHits(event: Event, { weighting }: EggNetSettings): Uint8Array {
  const isSignal = isTargetHit(event, {});
  if (weighting?.true_default === 0) isSignal.fill(0);
  for (const { weight, conditions } of weighting?.conditional_weighting ?? [])
    isTargetHit(event, conditions).forEach((isMet, hit) => {
      if (isMet) isSignal[hit] = Number(weight !== 0);
    });
  return isSignal;
}
