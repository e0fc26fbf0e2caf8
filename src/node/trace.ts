/** Writes the timeline that `TG_TRACE` asks for: when a device is closed, and when the process ends. */

import { whenTraced } from "../engine/runtime/trace.ts";
import { traceText } from "../index.ts";
import { writeAtomic } from "./files.ts";

let isWatching = false;

export function writeTraces(): void {
  const path = process.env.TG_TRACE;
  if (isWatching || path === undefined) return;
  isWatching = true;
  const write = () => writeAtomic(path, traceText());
  whenTraced(write);
  process.once("exit", () => {
    try {
      write();
    } catch (error) {
      console.error(`TG_TRACE: ${(error as Error).message}`); // no reason for the process to fail
    }
  });
}
