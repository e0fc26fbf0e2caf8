/** Threads that read and parse events, each one event at a time. */

import { DeviceError, FormatError } from "../engine/errors.ts";
import type { Thread } from "../engine/runtime/wasm/startThread.ts";
import { Event, type EventFields } from "../tracking/index.ts";
import { readAnyEvent } from "./events.ts";
import { startModule } from "./threads.ts";

/** What a thread answers: the columns of the event, or what was wrong with its files. */
export type Answer =
  | { readonly fields: EventFields }
  | { readonly message: string; readonly isFormat: boolean };

interface Job {
  readonly path: string;
  readonly done: (event: Event) => void;
  readonly failed: (error: Error) => void;
}

export class EventReaders {
  readonly numThreads: number;
  readonly #idle: Thread[] = [];
  readonly #busy = new Map<Thread, Job>();
  readonly #waiting: Job[] = [];

  constructor(numThreads: number) {
    this.numThreads = numThreads;
  }

  /** Reads the event of a path: a prefix of TrackML files, or a processed file. */
  read(path: string): Promise<Event> {
    if (this.numThreads === 0) return readAnyEvent(path);
    return new Promise((done, failed) => {
      this.#waiting.push({ path, done, failed });
      this.#next();
    });
  }

  async close(): Promise<void> {
    const threads = [...this.#idle, ...this.#busy.keys()];
    for (const { path, failed } of [...this.#busy.values(), ...this.#waiting])
      failed(new DeviceError(`${path}: expected to be read, got closed`));
    this.#busy.clear();
    this.#waiting.length = 0;
    this.#idle.length = 0;
    await Promise.all(threads.map((thread) => thread.end()));
  }

  /** Gives waiting jobs to idle threads, starting those that are not there yet. */
  #next(): void {
    while (this.#waiting.length > 0) {
      const isFull = this.#idle.length + this.#busy.size >= this.numThreads;
      const thread = this.#idle.pop() ?? (isFull ? undefined : this.#start());
      if (!thread) return;
      const job = this.#waiting.shift()!;
      this.#busy.set(thread, job);
      thread.hold(true); // a job keeps the process alive, an idle thread does not
      thread.post(job.path);
    }
  }

  #start(): Thread {
    const thread: Thread = startModule("eventThread", {
      message: (answer) => {
        const job = this.#take(thread);
        thread.hold(false);
        this.#idle.push(thread);
        if (job) settle(job, answer as Answer);
        this.#next();
      },
      lost: (reason) => {
        const job = this.#take(thread);
        job?.failed(new DeviceError(`${job.path}: expected to be read, lost a thread (${reason})`));
        this.#next();
      },
    });
    return thread;
  }

  /** The job of a thread, which has none then. */
  #take(thread: Thread): Job | undefined {
    const job = this.#busy.get(thread);
    this.#busy.delete(thread);
    return job;
  }
}

function settle({ done, failed }: Job, answer: Answer): void {
  if ("fields" in answer) done(new Event(answer.fields));
  else failed(answer.isFormat ? new FormatError(answer.message) : new Error(answer.message));
}
