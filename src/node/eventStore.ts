/**
 * A folder of events, read when asked for: TrackML CSV files or processed ones, split into training,
 * validation and test set, the last few kept in memory, several parsed at once by threads.
 */
import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { FormatError, ShapeError } from "../engine/errors.ts";
import { type Event, randomSplit } from "../tracking/index.ts";
import { EventReaders } from "./eventReaders.ts";
import { eventsIn } from "./events.ts";

export interface EventStoreOptions {
  /** Shares of training, validation and test set, by PyTorch's rule: 0.7, 0.15, 0.15. */
  readonly fractions?: readonly [train: number, val: number, test: number];
  readonly seed?: number; // of the split: 37
  readonly cached?: number; // events kept in memory: 16
  readonly threads?: number; // that parse events; 0 parses in this one. As many as cores, up to 4
}

const setFolders = { train: "trainset", val: "valset", test: "testset" } as const;
export type EventSet = keyof typeof setFolders;

export class EventStore {
  /** Paths of the events of each set: prefixes of TrackML files, or processed files. */
  readonly sets: Readonly<Record<EventSet, readonly string[]>>;
  readonly #readers: EventReaders;
  readonly #cached: number;
  readonly #events = new Map<string, Promise<Event>>(); // the one asked for last is last

  /** `folder` holds events to be split, or the folders `trainset`, `valset` and `testset` with their own. */
  constructor(folder: string, options: EventStoreOptions = {}) {
    const { cached = 16, threads = Math.min(4, availableParallelism()) } = options;
    if (!(Number.isInteger(cached) && cached >= 1))
      throw new ShapeError(`EventStore(cached): expected a whole number ≥ 1, got ${cached}`);
    if (!(Number.isInteger(threads) && threads >= 0))
      throw new ShapeError(`EventStore(threads): expected a whole number ≥ 0, got ${threads}`);
    this.#cached = cached;
    this.#readers = new EventReaders(threads);
    this.sets = setsIn(folder, options);
  }

  /** The event of a path of `sets`; the same object while it is in memory. */
  read(path: string): Promise<Event> {
    const found = this.#events.get(path) ?? this.#readers.read(path);
    this.#events.delete(path);
    this.#events.set(path, found);
    found.catch(() => this.#events.delete(path)); // the next one to ask tries again
    for (const oldest of this.#events.keys()) {
      if (this.#events.size <= this.#cached) break;
      this.#events.delete(oldest);
    }
    return found;
  }

  /** The events of a set in order; the next ones are parsed meanwhile. */
  async *all(set: EventSet): AsyncGenerator<Event> {
    const paths = this.sets[set];
    const ahead = Math.max(1, Math.min(this.#readers.numThreads, this.#cached - 1));
    for (const [p, path] of paths.entries()) {
      for (const next of paths.slice(p + 1, p + ahead)) this.read(next).catch(() => {}); // raised in its turn
      yield await this.read(path);
    }
  }

  /** Ends the threads. Events that are being read are lost. */
  async close(): Promise<void> {
    await this.#readers.close();
  }
}

function setsIn(folder: string, options: EventStoreOptions): EventStore["sets"] {
  const { fractions = [0.7, 0.15, 0.15], seed = 37 } = options;
  const names = Object.keys(setFolders) as EventSet[];
  if (names.some((set) => existsSync(join(folder, setFolders[set]))))
    return Object.fromEntries(
      names.map((set) => [set, eventsIn(join(folder, setFolders[set]))]),
    ) as Record<EventSet, string[]>;
  const paths = eventsIn(folder);
  if (paths.length === 0)
    throw new FormatError(`${folder}: expected events (…-hits.csv or ….safetensors), got none`);
  const parts = randomSplit(paths.length, fractions, seed);
  return Object.fromEntries(
    names.map((set, s) => [set, Array.from(parts[s], (e) => paths[e])]),
  ) as Record<EventSet, string[]>;
}
