/**
 * Tensors that were collected with their memory, for TG_DEBUG to report: a device does not wait for the
 * collector, so these are better disposed of, or made in a scope.
 */
import { env } from "../env.ts";

interface Leak {
  tensors: number;
  bytes: number;
}

export class Leaks {
  private found = new Map<string, Leak>(); // by where the tensors were made

  add(bytes: number, origin: string): void {
    if (env.debug() < 1) return;
    if (this.found.size === 0) setTimeout(() => this.report(), 0); // many are collected at once
    const leak = this.found.get(origin) ?? { tensors: 0, bytes: 0 };
    this.found.set(origin, { tensors: leak.tensors + 1, bytes: leak.bytes + bytes });
  }

  private report(): void {
    const leaks = [...this.found];
    this.found = new Map();
    const sum = (of: keyof Leak) => leaks.reduce((total, [, leak]) => total + leak[of], 0);
    console.error(
      `trackgrad: ${sum("tensors")} tensors (${sum("bytes")} B) collected without dispose`,
    );
    if (env.debug() < 2) return;
    for (const [origin, { tensors, bytes }] of leaks)
      console.error(`trackgrad:   ${tensors} (${bytes} B) made at ${origin}`);
  }
}
