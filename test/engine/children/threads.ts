/** Leaves a wasm device with a thread open. */
import { matmul, ones } from "../../../src/index.ts";
import { openDevice } from "../../../src/node/open.ts";

let threads = 0;
process.on("worker", () => threads++);
await openDevice({ backend: "wasm", threads: 2 });
const greatest = await matmul(ones([700, 700]), ones([700, 700]))
  .max()
  .item();
await new Promise((next) => setImmediate(next)); // news of threads come in a turn of their own
console.log(JSON.stringify({ greatest, threads }));
