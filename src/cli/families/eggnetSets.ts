/** Reads the events that an EggNet configuration names, and cuts them. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { cutHits, isTargetHit } from "../../../models/index.ts";
import { FormatError } from "../../engine/errors.ts";
import { eventPrefixes, readEvent } from "../../node/events.ts";
import type { Event } from "../../tracking/index.ts";
import { type DataSet, dataSets } from "../family.ts";
import type { EggNetSettings } from "./eggnetConfig.ts";

export type EggNetSets = Record<DataSet, Event[]>;

/**
 * As many events of each set as `data_split` says: the first of its folder, or, where the folder has no
 * such folders in it, the first for training, the next to validate, the next to test. Sorted by name.
 */
export async function readSets(config: EggNetSettings): Promise<EggNetSets> {
  const { input_dir: folder, data_split: counts } = config;
  const isSplit = dataSets.some((set) => existsSync(join(folder, set)));
  const sets: EggNetSets = { trainset: [], valset: [], testset: [] };
  let first = 0;
  for (const [which, set] of dataSets.entries()) {
    if (counts[which] === 0) continue;
    const path = isSplit ? join(folder, set) : folder;
    const start = isSplit ? 0 : first;
    const found = eventPrefixes(path).slice(start, start + counts[which]);
    if (found.length < counts[which])
      throw new FormatError(
        `${path}: expected ${counts[which]} events for the ${set}, got ${found.length}`,
      );
    for (const prefix of found) sets[set].push(await readCut(prefix, config));
    first += counts[which];
  }
  return sets;
}

async function readCut(prefix: string, { hard_cuts: cuts }: EggNetSettings): Promise<Event> {
  const event = await readEvent(prefix);
  const cut = cuts ? cutHits(event, cuts) : event;
  if (cut.numHits > 0) return cut;
  throw new FormatError(`${prefix}: expected hits after hard_cuts, got none of ${event.numHits}`);
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
