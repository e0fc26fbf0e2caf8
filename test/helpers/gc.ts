/**
 * Collects garbage until the finalizers have run. Works in a test process that was not started with
 * --expose-gc.
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
const gc = runInNewContext("gc") as () => void;

export async function collectGarbage(): Promise<void> {
  for (let i = 0; i < 4; i++) {
    gc();
    await new Promise((next) => setImmediate(next)); // finalizers run between turns
  }
}
