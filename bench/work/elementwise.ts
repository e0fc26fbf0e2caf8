/** Do chains of elementwise ops become one pass over memory? */
import { gelu } from "../../src/index.ts";
import { filled, runsOf, type Workload } from "../workload.ts";

const count = 2 ** 20;

export const elementwise: readonly Workload[] = [
  {
    name: "gelu(x·a + b) + y, 1M",
    peer: "gelu1M",
    bytes: 5 * 4 * count,
    async prepare() {
      const [x, a, b, y] = [3, 4, 5, 6].map((seed) => filled([count], seed));
      return runsOf([x, a, b, y], () => gelu(x.mul(a).add(b), "tanh").add(y));
    },
  },
  {
    name: "chain of 1000 ops on 256 numbers",
    peer: "chain1000",
    async prepare() {
      const start = filled([256], 30);
      return runsOf([start], () => {
        let x = start;
        for (let i = 0; i < 1000; i++) x = i % 2 ? x.mul(0.999) : x.add(0.001);
        return x;
      });
    },
  },
];
