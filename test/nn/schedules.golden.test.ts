/** Learning rates over time against those that the published programs printed. */
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { expect, test } from "vitest";
import { type EggNetRates, eggnetSchedule } from "../../models/index.ts";
import {
  constantRate,
  cosine,
  cosineRestarts,
  exponentialDecay,
  type Schedule,
  stepDecay,
} from "../../src/index.ts";
import { fixtureFolder, fixturePaths } from "../helpers/fixtures.ts";

// The programs multiply step by step where we raise to a power: some units in the last place per step.
const tolerance = 1e-12;

/** EggNet's options under its own names, one rate per epoch. */
interface EggnetCase {
  hparams: EggNetRates;
  lr_per_epoch: number[];
  metric_per_epoch?: number[];
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
  expectRates(eggnetSchedule(entry.hparams), entry.lr_per_epoch, entry.metric_per_epoch);
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
