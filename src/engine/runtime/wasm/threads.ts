/**
 * The threads of a wasm device, and the launches that they share: each is cut into chunks, and whoever is
 * free takes the next. This thread takes part too, and never blocks: a page's main thread must not. Results
 * are the same bits however many threads there are, because each element is computed by one of them,
 * in the same order.
 */
import { DeviceLostError } from "../../errors.ts";
import type { Thread, ThreadHost } from "./startThread.ts";
import { threadScript, word } from "./threadScript.ts";

/** A module that threads run. */
export interface SharedModule {
  /** Null where it calls JavaScript, which is on this thread only. */
  module: WebAssembly.Module | null;
  /** Its functions in order, on this thread. */
  entries: readonly Entry[];
}

/** `from` and `to`: the places to compute. */
export type Entry = (block: number, first: number, from: number, to: number) => void;

/** A call of a function of a module, on all places at once or chunk by chunk. */
export interface Work {
  module: SharedModule;
  entry: number;
  block: number;
  /** Argument after the block: on thread number t it is first + t · step. */
  first: number;
  step: number;
  extent: number;
  /** Places of one chunk. */
  length: number;
}

/** What is done, or a promise where others are not ready yet. */
export type Pending = Promise<void> | undefined;

const spinMs = 0.2; // longer than the others' last chunks differ by, shorter than anyone notices

export class Threads {
  /** This one included. */
  readonly count: number;
  private readonly host: ThreadHost | null;
  private readonly memory: WebAssembly.Memory;
  private readonly control: Int32Array;
  private readonly others: Thread[] = [];
  private readonly posted: number[] = [];
  private readonly known = new Map<WebAssembly.Module, number>();
  private lost: string | null = null;
  private woken: (() => void) | null = null;

  constructor(count: number, host: ThreadHost | null, memory: WebAssembly.Memory) {
    this.count = count;
    this.host = host;
    this.memory = memory;
    const bytes = 4 * (word.handled + count);
    this.control = new Int32Array(
      count > 1 ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes),
    );
  }

  /** Does the work, with the others if it is cut. */
  run(work: Work): Pending {
    const { module, entry, block, first, extent, length } = work;
    const numChunks = Math.ceil(extent / length);
    if (numChunks <= 1 || !module.module) {
      module.entries[entry](block, first, 0, extent);
      return undefined;
    }
    this.gather(module.module);
    const trap = this.share(work, numChunks);
    const until = performance.now() + spinMs;
    while (!this.isDone(numChunks))
      if (performance.now() > until)
        return this.wait(numChunks).then(() => this.expectNoTrap(trap));
    this.expectNoTrap(trap);
    return undefined;
  }

  expectAlive(): void {
    if (this.lost !== null)
      throw new DeviceLostError(
        `wasm: expected ${this.count} threads, got one less (${this.lost}; open another device and upload again)`,
      );
  }

  async end(): Promise<void> {
    await Promise.all(this.others.map((thread) => thread.end()));
  }

  /** Starts the others if there are none, and tells them of a module and that there is work. */
  private gather(module: WebAssembly.Module): void {
    while (this.others.length < this.count - 1) this.start(this.others.length + 1);
    const isNew = !this.known.has(module);
    if (isNew) this.known.set(module, this.known.size);
    Atomics.store(this.control, word.modules, this.known.size);
    for (const [which, thread] of this.others.entries()) {
      const isAway = Atomics.load(this.control, word.handled + which + 1) === this.posted[which];
      if (isNew || isAway) this.post(thread, which, { modules: isNew ? [module] : [] });
    }
  }

  private start(number: number): void {
    const thread = (this.host as ThreadHost).start(threadScript, {
      message: () => this.woken?.(),
      lost: (reason) => {
        this.lost ??= `thread ${number} ended: ${reason}`;
        this.woken?.();
      },
    });
    this.others.push(thread);
    this.posted.push(0);
    const { control, memory } = this;
    const modules = [...this.known.keys()];
    this.post(thread, number - 1, { start: { control, memory, thread: number }, modules });
  }

  private post(thread: Thread, which: number, message: unknown): void {
    this.posted[which]++;
    thread.post(message);
  }

  /** Publishes the work and takes part until no chunk is left. Returns what went wrong here. */
  private share(work: Work, numChunks: number): unknown {
    const { control } = this;
    const { module, entry, block, first, step, extent, length } = work;
    const base = Atomics.load(control, word.limit);
    const end = (base + numChunks) | 0;
    const which = this.known.get(module.module as WebAssembly.Module) as number;
    control.set([base, which, entry, block, first, step, extent, length], word.base);
    control[word.count] = numChunks;
    control[word.trapped] = 0;
    Atomics.store(control, word.done, 0);
    Atomics.store(control, word.limit, end);
    Atomics.add(control, word.signal, 1);
    Atomics.notify(control, word.signal);
    let trap: unknown = null;
    for (;;) {
      const ticket = Atomics.load(control, word.ticket);
      if (ticket === end) return trap;
      const next = (ticket + 1) | 0;
      if (Atomics.compareExchange(control, word.ticket, ticket, next) !== ticket) continue;
      const from = ((ticket - base) | 0) * length;
      try {
        module.entries[entry](block, first, from, Math.min(extent, from + length));
      } catch (error) {
        trap ??= error;
      }
      Atomics.add(control, word.done, 1);
    }
  }

  private isDone(numChunks: number): boolean {
    return Atomics.load(this.control, word.done) === numChunks;
  }

  /** Lets messages arrive until all chunks are done. */
  private async wait(numChunks: number): Promise<void> {
    for (const thread of this.others) thread.hold(true);
    try {
      for (;;) {
        const message = new Promise<void>((resume) => {
          this.woken = resume;
        });
        Atomics.store(this.control, word.isAwaited, 1);
        this.expectAlive();
        if (this.isDone(numChunks)) return;
        await message;
      }
    } finally {
      this.woken = null;
      Atomics.store(this.control, word.isAwaited, 0);
      for (const thread of this.others) thread.hold(false);
    }
  }

  private expectNoTrap(trap: unknown): void {
    if (trap) throw trap;
    if (Atomics.load(this.control, word.trapped) === 1)
      throw new WebAssembly.RuntimeError("memory access out of bounds, on another thread");
  }
}
