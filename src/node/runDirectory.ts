/**
 * A run directory holds everything about one training:
 *
 *   config.yaml                          as resolved
 *   checkpoints/{last,best}.safetensors  replaced in one step
 *   weights.safetensors                  of the best, if asked for: the model's alone
 *   metrics.jsonl                        one record a line
 *   events.out.tfevents.*                the same for TensorBoard
 */
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
} from "node:fs";
import { join } from "node:path";
import type { Checkpoint, TrainingStore } from "../nn/checkpoint.ts";
import { loadCheckpoint, saveCheckpoint, saveWeightsOf } from "./checkpoints.ts";
import { writeAtomic } from "./files.ts";
import { EventFile } from "./tensorboard.ts";
import type { WeightType } from "./weights.ts";

export interface RunDirectoryOptions {
  /** Text of config.yaml; default: leave what is there. */
  config?: string;
  /** Stored with the weights: what they need to be used on new data. */
  metadata?: Record<string, string>;
  /** Milliseconds since 1970. */
  now?: () => number;
}

/** What is logged: a step, and numbers by name. */
export interface LogRecord {
  step: number;
  [name: string]: number | string | boolean | null;
}

const loggedKey = "metrics_bytes"; // of a checkpoint's metadata: length of metrics.jsonl when it was saved
const leftover = /^\.(last|best)\.safetensors\.[0-9a-f]+\.tmp$/; // of a process killed while writing

export class RunDirectory implements TrainingStore {
  readonly path: string;
  private readonly metadata: Record<string, string>;
  private readonly now: () => number;
  private events: EventFile | null = null;
  /** Steps up to here are in the checkpoint that the training resumed from. */
  private resumedAt = 0;

  /** Makes the directory if it is not there. */
  constructor(path: string, options: RunDirectoryOptions = {}) {
    const { config, metadata = {}, now = Date.now } = options;
    this.path = path;
    this.metadata = metadata;
    this.now = now;
    mkdirSync(join(path, "checkpoints"), { recursive: true });
    if (config !== undefined) writeAtomic(join(path, "config.yaml"), config);
  }

  checkpointPath(name: "last" | "best"): string {
    return join(this.path, "checkpoints", `${name}.safetensors`);
  }

  /** Also drops what was logged after the checkpoint: those steps will be taken again. */
  async load(): Promise<Checkpoint | null> {
    const folder = join(this.path, "checkpoints");
    for (const file of readdirSync(folder)) if (leftover.test(file)) rmSync(join(folder, file));
    const path = this.checkpointPath("last");
    const checkpoint = existsSync(path) ? await loadCheckpoint(path) : null;
    this.resumedAt = checkpoint?.state.step ?? 0;
    const logged = Number(checkpoint?.metadata[loggedKey] ?? 0);
    if (this.metricsBytes > logged) truncateSync(this.metricsPath, logged);
    return checkpoint;
  }

  save(checkpoint: Checkpoint, name: "last" | "best"): void {
    const metadata = { ...this.metadata, [loggedKey]: String(this.metricsBytes) };
    saveCheckpoint(this.checkpointPath(name), checkpoint, metadata);
  }

  /** Saves the best parameters alone; returns where. */
  async saveWeights(dtype: WeightType): Promise<string> {
    const path = join(this.path, "weights.safetensors");
    await saveWeightsOf(this.checkpointPath("best"), path, dtype);
    return path;
  }

  /** Appends to metrics.jsonl and, what is a number, to the TensorBoard file. */
  log(record: LogRecord): void {
    appendFileSync(this.metricsPath, `${JSON.stringify(record)}\n`);
    const options = { firstStep: this.resumedAt === 0 ? 0 : this.resumedAt + 1, now: this.now };
    this.events ??= new EventFile(this.path, options);
    for (const [name, value] of Object.entries(record))
      if (name !== "step" && typeof value === "number")
        this.events.scalar(name, value, record.step);
  }

  close(): void {
    this.events?.close();
    this.events = null;
  }

  private get metricsPath(): string {
    return join(this.path, "metrics.jsonl");
  }

  private get metricsBytes(): number {
    return existsSync(this.metricsPath) ? statSync(this.metricsPath).size : 0;
  }
}

/**
 * A signal for `train` that is aborted when the process is asked to end (Ctrl-C, `kill`, or Slurm
 * before its time limit), so that it saves and stops. A second request ends the process at once.
 */
export function stopOnSignals(
  names: readonly NodeJS.Signals[] = ["SIGINT", "SIGTERM", "SIGUSR2"],
): AbortSignal & Disposable {
  const controller = new AbortController();
  const known = process.platform === "win32" ? names.filter((name) => name !== "SIGUSR2") : names;
  const restore = () => {
    for (const name of known) process.off(name, stop);
  };
  const stop = () => {
    restore();
    controller.abort();
  };
  for (const name of known) process.on(name, stop);
  return Object.assign(controller.signal, { [Symbol.dispose]: restore });
}
