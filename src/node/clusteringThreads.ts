/** Threads that look for clusters, in memory that they share. */
import { DeviceError, ShapeError } from "../engine/errors.ts";
import type { Thread } from "../engine/runtime/wasm/startThread.ts";
import type { SearchTask, SearchThreads } from "../tracking/index.ts";
import { nodeThreads, startModule } from "./threads.ts";

/** What a thread is told, … */
export interface Order {
  readonly task: SearchTask;
  readonly thread: number;
}

/** … and answers: how many more points it searched, or that nothing is left. An error ends it. */
export type Answer = { readonly searched: number } | "done";

export interface ClusteringThreadsOptions {
  /** Default: one per core. */
  readonly count?: number;
  /** Fewer points are clustered by the caller's thread alone: starting others would take longer. */
  readonly leastPoints?: number;
}

/** Starts take some tenths of a second: as long as one thread takes for so many points of three dimensions. */
const worthStarting = 20_000;

interface Run {
  readonly onSearched: (numPoints: number) => void;
  readonly done: () => void;
  readonly failed: (error: Error) => void;
  numBusy: number;
}

/**
 * Threads for `hdbscanAsync`, started when first needed and kept for the next points; idle ones keep no
 * process alive. `close()` ends them.
 */
export class ClusteringThreads implements SearchThreads {
  readonly count: number;
  readonly leastPoints: number;
  readonly #threads: Thread[] = [];
  #run: Run | null = null;
  #turn: Promise<unknown> = Promise.resolve(); // of the run before
  #lost: string | null = null;

  constructor(options: ClusteringThreadsOptions = {}) {
    const { count = nodeThreads.cores, leastPoints = worthStarting } = options;
    if (!(Number.isInteger(count) && count >= 1))
      throw new ShapeError(`ClusteringThreads(count): expected a whole number ≥ 1, got ${count}`);
    this.count = count;
    this.leastPoints = leastPoints;
  }

  /** One task after the other. Throws a DeviceError once a thread is lost, as its part is not done. */
  run(task: SearchTask, onSearched: (numPoints: number) => void): Promise<void> {
    const run = this.#turn.then(() => this.#start(task, onSearched));
    this.#turn = run.catch(() => {});
    return run;
  }

  /** Ends the threads. What they are searching is lost. */
  async close(): Promise<void> {
    this.#lose("they were closed");
    await Promise.all(this.#threads.splice(0).map((thread) => thread.end()));
  }

  #start(task: SearchTask, onSearched: (numPoints: number) => void): Promise<void> {
    return new Promise<void>((done, failed) => {
      this.#run = { onSearched, done, failed, numBusy: this.count };
      if (this.#lost !== null) return this.#lose(this.#lost);
      while (this.#threads.length < this.count) this.#threads.push(this.#startThread());
      for (const [thread, each] of this.#threads.entries()) {
        each.hold(true); // while there is work, the process goes on
        each.post({ task, thread } satisfies Order);
      }
    });
  }

  #startThread(): Thread {
    const thread: Thread = startModule("clusteringThread", {
      message: (data) => {
        const answer = data as Answer;
        const run = this.#run;
        if (answer !== "done") return run?.onSearched(answer.searched);
        thread.hold(false);
        if (run && --run.numBusy === 0) run.done();
      },
      lost: (reason) => this.#lose(reason),
    });
    return thread;
  }

  #lose(reason: string): void {
    this.#lost = reason;
    const error = new DeviceError(
      `ClusteringThreads: expected ${this.count} threads, lost one (${reason}; make others)`,
    );
    this.#run?.failed(error);
    for (const thread of this.#threads) thread.hold(false);
  }
}
