import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { ThreadHost } from "../engine/runtime/wasm/startThread.ts";

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
  start(script, { message, lost }) {
    const worker = new Worker(prelude + script, { eval: true, execArgv: [] });
    let isEnded = false;
    worker.on("message", message);
    worker.on("error", ({ message: reason }: Error) => !isEnded && lost(reason));
    worker.on("exit", (code) => !isEnded && lost(`exit code ${code}`));
    worker.unref(); // last: listening for messages would keep the process alive again
    return {
      post: (data) => worker.postMessage(data),
      hold: (isHeld) => (isHeld ? worker.ref() : worker.unref()),
      async end() {
        isEnded = true;
        await worker.terminate();
      },
    };
  },
};
