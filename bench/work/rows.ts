/** Do reductions along rows, and over everything, reach the memory's speed? */
import { layerNorm, softmax } from "../../src/index.ts";
import { filled, runsOf, type Workload } from "../workload.ts";

const [numRows, width] = [4096, 256];
const bytes = 2 * 4 * numRows * width;

export const rows: readonly Workload[] = [
  {
    name: "softmax 4096×256",
    peer: "softmax",
    bytes,
    async prepare() {
      const x = filled([numRows, width], 7, 3);
      return runsOf([x], () => softmax(x));
    },
  },
  {
    name: "layer norm 4096×256",
    peer: "layernorm",
    bytes,
    async prepare() {
      const x = filled([numRows, width], 7, 3);
      const [weight, bias] = [filled([width], 8), filled([width], 9)];
      return runsOf([x, weight, bias], () => layerNorm(x, weight, bias));
    },
  },
  {
    name: "sum of 4M",
    bytes: 4 * 2 ** 22,
    tolerance: 1e-3, // the sum of numbers around 0 is small beside what is added up
    async prepare() {
      const x = filled([2 ** 22], 7);
      return runsOf([x], () => x.sum());
    },
  },
];
