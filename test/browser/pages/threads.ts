/** Products on several threads, whose workers are terminated in the end. */
import { matmul, openDevice, Rng, realize } from "../../../src/index.ts";

export interface Shared {
  device: string;
  numWorkers: number;
  words: number[];
  /** What the device says after its workers are gone. */
  error: string;
}

export async function sharedProduct(threads: number): Promise<Shared> {
  const workers: Worker[] = [];
  const Plain = globalThis.Worker;
  globalThis.Worker = class extends Plain {
    constructor(url: string | URL) {
      super(url);
      workers.push(this);
    }
  };
  const device = await openDevice({ backend: "wasm", threads });
  const rng = new Rng(1);
  const [a, b] = [rng.normal([300, 200]), rng.normal([200, 250])];
  await realize([a, b]);
  const turn = (ms: number) => new Promise((next) => setTimeout(next, ms));
  let product = new Float32Array();
  for (let run = 0; run < 5; run++) {
    product = (await matmul(a, b).data()) as typeof product;
    await turn(50); // a worker needs a moment to start
  }
  for (const worker of workers) worker.terminate();
  await turn(200); // for the news
  const error = await matmul(a, b)
    .data()
    .then(() => "none", String);
  await device.close();
  globalThis.Worker = Plain;
  const words = [...new Uint32Array(product.buffer)];
  return { device: `${device}`, numWorkers: workers.length, words, error };
}
