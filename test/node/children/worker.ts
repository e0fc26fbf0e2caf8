/** Ask for SwiftShader in a worker thread; with the argument `prepare`, on the main thread first. */
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { nodeGpu } from "../../../src/node/gpu.ts";

if (isMainThread) {
  if (process.argv[2] === "prepare") await nodeGpu({ adapter: "swiftshader" });
  // a worker of Node 20 does not inherit the loader of TypeScript
  const code = `import("tsx/esm/api").then((tsx) => (tsx.register(), import("${import.meta.url}")))`;
  const worker = new Worker(code, { eval: true, workerData: "worker" });
  worker.on("message", (message) => console.log(message));
} else if (workerData === "worker") {
  const report = await nodeGpu({ adapter: "swiftshader" }).then(
    ({ source }) => ({ source }),
    ({ name, message }) => ({ name, message }),
  );
  parentPort!.postMessage(JSON.stringify(report));
}
