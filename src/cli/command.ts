import type { Command } from "commander";
import type { Device } from "../engine/runtime/device.ts";
import type { BackendName } from "../engine/runtime/open.ts";
import { openDevice } from "../node/open.ts";

/** Adds one verb to the program: a line in `index.ts` registers it. */
export type Verb = (program: Command) => void;

/** What the user asked for is not possible as asked; one line, exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

export interface CommonOptions {
  json?: boolean;
  quiet?: boolean;
  device: string;
  threads?: number;
  seed: number;
}

/** The options that every verb has. */
export function withCommonOptions(command: Command): Command {
  return command
    .option("--json", "print one JSON document on stdout, messages on stderr")
    .option("--device <name>", "auto, webgpu, wasm or js", deviceName("--device"), "auto")
    .option(
      "--threads <n>",
      "of wasm and of clustering; default: one per core",
      wholeNumber("--threads", 1),
    )
    .option("--seed <n>", "seed of everything random", wholeNumber("--seed", 0), 1)
    .option("--quiet", "no messages, no progress");
}

/** The options of programs that others publish, for the verbs that take their place. */
export function withPublishedOptions(command: Command): Command {
  return command
    .option(
      "-a, --accelerator <name>",
      "cuda is --device webgpu, cpu is --device wasm",
      accelerator,
    )
    .option("-s, --slurm", "not here: start the command in a job of your own");
}

export interface PublishedOptions {
  accelerator?: string;
  slurm?: boolean;
}

/** The options with their published forms put into ours. */
export function resolved<T extends CommonOptions & PublishedOptions>(options: T): T {
  if (options.slurm)
    throw new UsageError(
      "-s: expected no job to be made, got --slurm (submit this command yourself)",
    );
  const device = options.device === "auto" ? options.accelerator : undefined;
  return { ...options, device: device ?? options.device };
}

function accelerator(name: string): string {
  if (name === "cuda" || name === "gpu") return "webgpu";
  if (name === "cpu") return "wasm";
  throw new UsageError(`-a: expected cuda or cpu, got ${name}`);
}

/** Prints the document with `--json`, else the text. */
export function print(options: CommonOptions, document: unknown, text: () => string): void {
  console.log(options.json ? JSON.stringify(document) : text());
}

/** A remark for people, on stderr. */
export function say(options: CommonOptions, message: string): void {
  if (!options.quiet) console.error(message);
}

/** Runs a task on the device that `--device` names, and closes it. */
export async function withDevice<T>(
  options: CommonOptions,
  task: (device: Device) => Promise<T>,
): Promise<T> {
  const { device: name, threads } = options;
  const device = await openDevice({ backend: name as BackendName, ...(threads && { threads }) });
  try {
    say(options, `${device}`);
    return await task(device);
  } finally {
    await device.close();
  }
}

/** Parser of the name of a device. */
export const deviceName =
  (flag: string) =>
  (name: string): string => {
    if (["auto", "webgpu", "wasm", "js", "js-f64"].includes(name)) return name;
    throw new UsageError(`${flag}: expected auto, webgpu, wasm or js, got ${name}`);
  };

/** Parser of a whole number ≥ `least`. */
export const wholeNumber =
  (name: string, least: number) =>
  (text: string): number => {
    const value = Number(text);
    if (!Number.isSafeInteger(value) || value < least || text.trim() === "")
      throw new UsageError(`${name}: expected a whole number ≥ ${least}, got ${text}`);
    return value;
  };

/** Parser of the number of devices or machines, which programs for clusters take. */
export const one =
  (name: string, what: "device" | "machine") =>
  (text: string): number => {
    const count = wholeNumber(name, 1)(text);
    if (count === 1) return count;
    throw new UsageError(
      `${name}: expected 1 (nothing here is spread over several ${what}s), got ${count}`,
    );
  };

/** Parser of a finite number ≥ 0. */
export const distance =
  (name: string) =>
  (text: string): number => {
    const value = Number(text);
    if (!(value >= 0 && value < Infinity) || text.trim() === "")
      throw new UsageError(`${name}: expected a number ≥ 0, got ${text}`);
    return value;
  };

/** Parser of finite numbers ≥ 0 with commas between. */
export const distances =
  (name: string) =>
  (text: string): number[] =>
    text.split(",").map(distance(name));

/** Parser of `count` finite numbers with commas between. */
export const numberList =
  (name: string, count: number) =>
  (text: string): number[] => {
    const values = text.split(",").map((part) => (part.trim() === "" ? Number.NaN : Number(part)));
    if (values.length !== count || !values.every(Number.isFinite))
      throw new UsageError(`${name}: expected ${count} numbers with commas between, got ${text}`);
    return values;
  };

/** Parser of MIN:MAX, whole numbers from 1. */
export const range =
  (name: string) =>
  (text: string): [min: number, max: number] => {
    const match = /^(\d+):(\d+)$/.exec(text);
    const [min, max] = [Number(match?.[1]), Number(match?.[2])];
    if (!match || min < 1 || max < min)
      throw new UsageError(`${name}: expected MIN:MAX with 1 ≤ MIN ≤ MAX, got ${text}`);
    return [min, max];
  };
