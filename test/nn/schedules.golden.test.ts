/** Learning rates over time against those that the published programs printed. */
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { expect, test } from "vitest";
import {
  atLeast,
  constantRate,
  cosine,
  cosineRestarts,
  exponentialDecay,
  linearWarmup,
  plateau,
  type Schedule,
  stepDecay,
} from "../../src/index.ts";
import { fixtureFolder, fixturePaths } from "../helpers/fixtures.ts";

// The programs multiply step by step where we raise to a power: some units in the last place per step.
const tolerance = 1e-12;

/** EggNet's options under its own names, one rate per epoch. */
interface EggnetCase {
  hparams: Record<string, number | string | null | undefined>;
  lr_per_epoch: number[];
  metric_per_epoch?: number[];
}

function eggnetSchedule({ hparams }: EggnetCase): Schedule {
  const number = (key: string, otherwise: number) => Number(hparams[key] ?? otherwise);
  const [rate, factor, patience] = ["lr", "factor", "patience"].map((key) => number(key, 1));
  const from = number("warmup", 0);
  const mode = (hparams.metric_mode ?? "min") as "min" | "max";
  const schedules: Record<string, () => Schedule> = {
    StepLR: () => stepDecay({ rate, factor, period: patience, from }),
    ReduceLROnPlateau: () => plateau({ rate, factor, patience, mode, from }),
    CosineAnnealingWarmRestarts: () =>
      cosineRestarts({ rate, period: patience, growth: 2, minRate: 1e-8 }),
  };
  const schedule = schedules[String(hparams.scheduler ?? "StepLR")]();
  return atLeast(number("min_lr", 0), linearWarmup({ rate, duration: from }, schedule));
}

const files = (folder: string, pattern: RegExp, key: string) =>
  fixturePaths(folder, pattern)
    .map((path) => ({ name: basename(path), content: JSON.parse(readFileSync(path, "utf8")) }))
    .filter(({ content }) => key in content);

const eggnet = files("eggnet", /\.json$/, "cases").flatMap(({ content }) =>
  Object.entries(content.cases as Record<string, EggnetCase>)
    .filter(([, entry]) => "lr_per_epoch" in entry)
    .map(([name, entry]) => ({ name, entry })),
);
const hypertrack = files("hypertrack", /\.json$/, "lr_constant");

test("schedule cases are there, or reported as absent", () => {
  const absent = Object.entries({ eggnet, hypertrack }).filter(([, { length }]) => length === 0);
  for (const [kind] of absent) console.log(`no ${kind} schedules in ${fixtureFolder()}: absent`);
  expect(absent.length).toBeLessThanOrEqual(2);
});

function expectRates(schedule: Schedule, rates: readonly number[], metrics?: readonly number[]) {
  for (const [time, rate] of rates.entries())
    expect(Math.abs(schedule(time, metrics) / rate - 1), `time ${time}`).toBeLessThan(tolerance);
}

test.for(eggnet)("eggnet $name", ({ entry }) => {
  expectRates(eggnetSchedule(entry), entry.lr_per_epoch, entry.metric_per_epoch);
});

/** HyperTrack's schedulers; the file gives rates only, so the period is where the restart is. */
function hypertrackSchedules(content: Record<string, number[]>): Record<string, Schedule> {
  const [rate] = content.lr_constant;
  const restart = content["lr_warm-cos"]?.findIndex((lr, t) => t > 0 && lr === rate) ?? -1;
  const period = restart > 0 ? restart : 10000;
  return {
    constant: constantRate(rate),
    cos: cosine({ rate, period, minRate: rate / 10 }),
    "warm-cos": cosineRestarts({ rate, period, minRate: rate / 10 }),
    exp: exponentialDecay({ rate, factor: 1 - 1e-5 }),
    step: stepDecay({ rate, factor: 0.9, period: 1000 }),
  };
}

test.for(hypertrack)("hypertrack $name", ({ content }) => {
  const schedules = hypertrackSchedules(content);
  const curves = Object.keys(content).filter((key) => key.startsWith("lr_"));
  for (const key of curves) expectRates(schedules[key.slice("lr_".length)], content[key]);
});
