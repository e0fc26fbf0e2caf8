/** Reads the data that a configuration of the Transformer Regressor names, and splits it. */
import {
  type RegressorSample,
  type RegressorScales,
  redvidSample,
  regressorSample,
  regressorScales,
} from "../../../models/index.ts";
import { FormatError, ShapeError } from "../../engine/errors.ts";
import { eventPaths, readAnyEvent } from "../../node/events.ts";
import { filePieces } from "../../node/files.ts";
import {
  type Event,
  randomSplit,
  readRedvid,
  type Standardisation,
  selectHits,
  splitMix,
  subEvents,
} from "../../tracking/index.ts";
import { type DataSet, dataSets, type Stored } from "../family.ts";
import type { HitConfig } from "./regressorConfig.ts";

export interface RegressorSets extends Record<DataSet, RegressorSample[]> {
  /** Scales, as they are kept with the weights. */
  readonly stored: Record<string, string>;
}

/** Scales come from `stored` if the weights have some, else from the training set (from all, as published). */
export async function readSets(config: HitConfig, stored: Stored): Promise<RegressorSets> {
  const { data_type: type, data_path: path } = config;
  if (type === "trackml") return setsOf(await readEvents(config), config, stored);
  const events = await readRedvid(filePieces(path), type, path);
  const parts = partsOf(expectEnough(events, path), config);
  return {
    ...namedSets(
      parts.map((part) => part.map(redvidSample)),
      config,
    ),
    stored: {},
  };
}

/** The same sets with other samples, made of theirs. */
export const mapSets = (
  { trainset, valset, testset, stored }: RegressorSets,
  of: (samples: readonly RegressorSample[]) => RegressorSample[],
): RegressorSets => ({
  trainset: of(trainset),
  valset: of(valset),
  testset: of(testset),
  stored,
});

/** Events to train, validate and test on. */
const partsOf = <Item>(events: readonly Item[], { split, seed }: HitConfig): Item[][] =>
  randomSplit(events.length, split, seed).map((part) => Array.from(part, (e) => events[e]));

function namedSets(
  parts: readonly RegressorSample[][],
  config: HitConfig,
): Record<DataSet, RegressorSample[]> {
  expectLengths(parts.flat(), config);
  const named = dataSets.map((name, part) => [name, parts[part]] as const);
  return Object.fromEntries(named) as Record<DataSet, RegressorSample[]>;
}

/** One each to train, validate and test. */
function expectEnough<Item>(events: readonly Item[], path: string, hint = ""): readonly Item[] {
  if (events.length > 2) return events;
  throw new ShapeError(`${path}: expected three events or more${hint}, got ${events.length}`);
}

/** Splits and standardises events with truth. */
export function setsOf(
  events: readonly Event[],
  config: HitConfig,
  stored: Stored = {},
): RegressorSets {
  const parts = partsOf(events, config);
  const isStandardised =
    (config.targets ?? (config.compat ? "standardised" : "physical")) !== "physical";
  const given = config.standardisation;
  const scalesOf = (known: readonly Event[]): RegressorScales =>
    given && !isStandardised
      ? { hits: given }
      : regressorScales(known, { standardisedMomenta: isStandardised });
  const found = storedScales(stored) ?? scalesOf(config.compat ? events : parts[0]);
  const scales = { ...found, hits: given ?? found.hits };
  const sets = parts.map((part) => part.map((event) => regressorSample(event, scales)));
  return { ...namedSets(sets, config), stored: keptScales(scales) };
}

async function readEvents(config: HitConfig): Promise<readonly Event[]> {
  const { data_path, sub_events: cut, compat, seed } = config;
  const rng = splitMix(seed);
  const events: Event[] = [];
  for (const path of eventPaths(data_path)) {
    const event = await readAnyEvent(path);
    if (!event.truth || !event.particles)
      throw new FormatError(`${path}: expected particles and truth to train on, got ${event}`);
    const { isKnown } = event.truth;
    const known = Array.from(isKnown.keys()).filter((hit) => isKnown[hit] === 1);
    events.push(...(cut ? subEvents(event, { ...cut, compat, rng }) : [selectHits(event, known)]));
  }
  const filled = events.filter(({ numHits }) => numHits > 0);
  return expectEnough(filled, data_path, " (sub_events makes several of one)");
}

function expectLengths(
  samples: readonly RegressorSample[],
  { max_nr_hits: most = Infinity }: HitConfig,
): void {
  const longest = samples.find(({ hits }) => hits.numHits > most);
  if (longest)
    throw new ShapeError(
      `max_nr_hits: expected ${most} hits at most, got ${longest.hits.numHits} in ${longest.name}`,
    );
}

const keptScales = ({ hits, momenta }: RegressorScales): Record<string, string> => ({
  "standardisation.mean": JSON.stringify(hits.mean),
  "standardisation.std": JSON.stringify(hits.std),
  ...(momenta && {
    "momenta.mean": JSON.stringify(momenta.mean),
    "momenta.std": JSON.stringify(momenta.std),
  }),
});

/** Those that `keptScales` kept. */
export function storedScales(stored: Stored): RegressorScales | null {
  const scale = (name: string): Standardisation | null => {
    const [mean, std] = [stored[`${name}.mean`], stored[`${name}.std`]];
    return mean && std ? { mean: JSON.parse(mean), std: JSON.parse(std) } : null;
  };
  const [hits, momenta] = [scale("standardisation"), scale("momenta")];
  return hits && { hits, ...(momenta && { momenta }) };
}
