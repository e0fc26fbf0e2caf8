/** What the device can do at most with generated code: bytes moved, and multiplications with additions. */
import type { Tensor } from "../../src/index.ts";
import { filled, runsOf, type Workload } from "../workload.ts";

const numCopied = 2 ** 22;
const [numMultiplied, numChains, length] = [2 ** 18, 8, 32];

export const copy: Workload = {
  name: "copy of 4M numbers",
  bytes: 2 * 4 * numCopied,
  async prepare() {
    const x = filled([numCopied], 1);
    return runsOf([x], () => x.neg());
  },
};

/** Eight chains, so that one multiply-add need not wait for the one before. */
export const multiplyAdd: Workload = {
  name: `${numChains * length} multiply-adds on 256k numbers`,
  flops: 2 * numChains * length * numMultiplied,
  async prepare() {
    const x = filled([numMultiplied], 2);
    const sum = (a: Tensor, b: Tensor) => a.add(b);
    return runsOf([x], () => {
      let chains = Array.from({ length: numChains }, (_, which) => x.mul(0.1 * which));
      for (let i = 0; i < length; i++) chains = chains.map((y) => y.mul(0.999).add(0.001));
      return chains.reduce(sum);
    });
  },
};

export const roofs: readonly Workload[] = [copy, multiplyAdd];
