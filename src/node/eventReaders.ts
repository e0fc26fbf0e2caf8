/** Threads that read and parse events, each one event at a time. */
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import { DeviceError, FormatError } from "../engine/errors.ts";
import { Event, type EventFields } from "../tracking/index.ts";
import { readAnyEvent } from "./events.ts";

/** What a thread answers: the columns of the event, or what was wrong with its files. */
export type Answer =
  | { readonly fields: EventFields }
  | { readonly message: string; readonly isFormat: boolean };

interface Job {
  readonly path: string;
  readonly done: (event: Event) => void;
  readonly failed: (error: Error) => void;
}

/** In the package, the thread's script lies beside this one; from sources, tsx loads it. */
function startThread(): Worker {
  const here = import.meta.url;
  if (!here.endsWith(".ts")) return new Worker(new URL("./eventThread.js", here));
  const entry = createRequire(here).resolve("tsx/esm/api"); // the CommonJS one; beside it lies the module
  const tsx = pathToFileURL(entry.replace(/cjs$/, "mjs")).href;
  const script = new URL("./eventThread.ts", here).href;
  const load = `import("${tsx}").then(({ tsImport }) => tsImport("${script}", "${here}"))`;
  return new Worker(load, { eval: true, execArgv: [] });
}

export class EventReaders {
  readonly numThreads: number;
  readonly #idle: Worker[] = [];
  readonly #busy = new Map<Worker, Job>();
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
    await Promise.all(threads.map((thread) => thread.terminate()));
  }

  /** Gives waiting jobs to idle threads, starting those that are not there yet. */
  #next(): void {
    while (this.#waiting.length > 0) {
      const isFull = this.#idle.length + this.#busy.size >= this.numThreads;
      const thread = this.#idle.pop() ?? (isFull ? undefined : this.#start());
      if (!thread) return;
      const job = this.#waiting.shift()!;
      this.#busy.set(thread, job);
      thread.ref(); // a job keeps the process alive, an idle thread does not
      thread.postMessage(job.path);
    }
  }

  #start(): Worker {
    const thread = startThread();
    thread.on("message", (answer: Answer) => {
      const job = this.#busy.get(thread);
      this.#busy.delete(thread);
      thread.unref();
      this.#idle.push(thread);
      if (job) settle(job, answer);
      this.#next();
    });
    thread.on("error", (error: Error) => {
      const job = this.#busy.get(thread);
      this.#busy.delete(thread);
      job?.failed(error);
      this.#next();
    });
    return thread;
  }
}

function settle({ done, failed }: Job, answer: Answer): void {
  if ("fields" in answer) done(new Event(answer.fields));
  else failed(answer.isFormat ? new FormatError(answer.message) : new Error(answer.message));
}
