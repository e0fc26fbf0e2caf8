import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import type { Thread, ThreadEvents, ThreadHost } from "../engine/runtime/wasm/startThread.ts";

/** `onmessage` and `postMessage`, which workers of Node do not have. */
const prelude = `
const { parentPort } = require("node:worker_threads");
const postMessage = (data) => parentPort.postMessage(data);
let onmessage;
parentPort.on("message", (data) => onmessage({ data }));
`;

/** Threads of Node for the wasm backend. One that has nothing to do keeps no process alive. */
export const nodeThreads: ThreadHost = {
  cores: availableParallelism(),
  start: (script, events) =>
    threadOf(new Worker(prelude + script, { eval: true, execArgv: [] }), events),
};

/**
 * A thread that runs a module of this folder. In the package, its script lies beside this one; from
 * sources, tsx loads it.
 */
export function startModule(name: string, events: ThreadEvents): Thread {
  const here = import.meta.url;
  if (!here.endsWith(".ts")) return threadOf(new Worker(new URL(`./${name}.js`, here)), events);
  const entry = createRequire(here).resolve("tsx/esm/api"); // the CommonJS one; beside it lies the module
  const tsx = pathToFileURL(entry.replace(/cjs$/, "mjs")).href;
  const script = new URL(`./${name}.ts`, here).href;
  const load = `import("${tsx}").then(({ tsImport }) => tsImport("${script}", "${here}"))`;
  return threadOf(new Worker(load, { eval: true, execArgv: [] }), events);
}

function threadOf(worker: Worker, { message, lost }: ThreadEvents): Thread {
  let isEnded = false;
  const gone = (reason: string) => {
    if (!isEnded) lost(reason);
    isEnded = true;
  };
  worker.on("message", message);
  worker.on("error", ({ message: reason }: Error) => gone(reason));
  worker.on("exit", (code) => gone(`exit code ${code}`));
  worker.unref(); // last: listening for messages would keep the process alive again
  return {
    post: (data) => worker.postMessage(data),
    hold: (isHeld) => (isHeld ? worker.ref() : worker.unref()),
    async end() {
      isEnded = true;
      await worker.terminate();
    },
  };
}
