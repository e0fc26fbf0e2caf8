/**
 * What a thread of the wasm backend runs. It is text, because a web worker starts from text and no path
 * to a file is known in all places that this library is bundled into.
 *
 * A thread that takes part waits in shared memory, not for messages: a launch is some ten microseconds
 * away then. It goes back to its messages when a module is missing, or when there was nothing to do for
 * a while.
 *
 * Chunks of work have running numbers, tickets. Whoever moves `ticket` on by one owns that chunk, and
 * reads the description of its launch then: the launch cannot end before the chunk is counted in `done`.
 * `limit` is read before what it promises is used: a ticket below it belongs to a launch whose modules
 * were announced before.
 */

/** Places of 32-bit words in the memory that threads agree by. */
export const word = {
  /** Number of the next chunk, and the number behind the last one. */
  ticket: 0,
  limit: 1,
  /** Chunks of the launch that are done, of how many. */
  done: 2,
  count: 3,
  /** Changes whenever there may be something to do. */
  signal: 4,
  /** How many modules the launch needs to be known. */
  modules: 5,
  /** 1 where the main thread waits for a message. */
  isAwaited: 6,
  /** 1 after a thread read or wrote where there is no memory. */
  trapped: 7,
  /** The launch: number of its first chunk, module, function, its arguments, and how it is cut. */
  base: 8,
  module: 9,
  entry: 10,
  block: 11,
  first: 12,
  step: 13,
  extent: 14,
  length: 15,
  /** For each thread, how many messages it has dealt with, and come back from the work. */
  handled: 16,
} as const;

const spins = 3000; // some 50 µs: the next launch of a step is often closer than that
const stayMs = 100;

/** Expects `onmessage` and `postMessage` as web workers have them. */
export const threadScript = /* js */ `"use strict";
const word = ${JSON.stringify(word)};
const modules = [], entries = [];
let control, memory, thread, handled = 0;

onmessage = ({ data }) => {
  if (data.start) ({ control, memory, thread } = data.start);
  modules.push(...data.modules);
  takePart();
  Atomics.store(control, word.handled + thread, ++handled);
};

function takePart() {
  for (let rounds = 0; ; ) {
    const signal = Atomics.load(control, word.signal);
    const limit = Atomics.load(control, word.limit);
    if (Atomics.load(control, word.modules) > modules.length) return; // more come by message
    const ticket = Atomics.load(control, word.ticket);
    if (((limit - ticket) | 0) > 0) {
      rounds = 0;
      const next = (ticket + 1) | 0;
      if (Atomics.compareExchange(control, word.ticket, ticket, next) === ticket) doChunk(ticket);
    } else if (++rounds > ${spins}) {
      if (Atomics.wait(control, word.signal, signal, ${stayMs}) === "timed-out") return;
    }
  }
}

function doChunk(ticket) {
  const length = control[word.length];
  const from = ((ticket - control[word.base]) | 0) * length;
  const to = Math.min(control[word.extent], from + length);
  const first = (control[word.first] + Math.imul(thread, control[word.step])) | 0;
  try {
    entryOf(control[word.module])[control[word.entry]](control[word.block], first, from, to);
  } catch (error) {
    if (!(error instanceof WebAssembly.RuntimeError)) throw error;
    Atomics.store(control, word.trapped, 1);
  }
  const isLast = Atomics.add(control, word.done, 1) + 1 === control[word.count];
  if (isLast && Atomics.load(control, word.isAwaited) === 1) postMessage("done");
}

function entryOf(which) {
  entries[which] ??= Object.values(new WebAssembly.Instance(modules[which], { env: { memory } }).exports);
  return entries[which];
}
`;
