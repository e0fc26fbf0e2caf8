/** The script of a thread that reads events: a path comes in, the columns of the event go out. */
import { parentPort } from "node:worker_threads";
import { FormatError } from "../engine/errors.ts";
import type { Event } from "../tracking/index.ts";
import type { Answer } from "./eventReaders.ts";
import { readAnyEvent } from "./events.ts";

parentPort?.on("message", async (path: string) => {
  try {
    const event = await readAnyEvent(path);
    const { name, hits, cells, particles, truth, particleIds, columns } = event;
    const fields = { name, hits, cells, particles, truth, particleIds, columns };
    parentPort!.postMessage({ fields } satisfies Answer, buffersOf(fields));
  } catch (error) {
    const { message } = error as Error;
    parentPort!.postMessage({ message, isFormat: error instanceof FormatError } satisfies Answer);
  }
});

/** Memory of all columns, which is handed over instead of copied; columns may share it. */
function buffersOf({ hits, cells, particles, truth, particleIds }: Partial<Event>): ArrayBuffer[] {
  const tables = [hits, cells, particles, truth, { particleIds }];
  const columns = tables.flatMap((table) => Object.values(table ?? {})) as (
    | ArrayBufferView
    | undefined
  )[];
  const buffers = new Set(
    columns.flatMap((column) => (column ? [column.buffer as ArrayBuffer] : [])),
  );
  return [...buffers];
}
