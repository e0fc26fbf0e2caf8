/** How fast is attention that never stores its scores, forward, and with its gradient? */
import { attention, gradients, type Tensor, tensor, zeros } from "../../src/index.ts";
import { filled, numbers, runsOf, type Workload } from "../workload.ts";

const [heads, numTokens, width] = [4, 512, 64];
const perHead = numTokens * width;

/** Seeded queries, keys and values, each head after the other, as f32 [1, N, 3, H, D]. */
function packed(): Tensor {
  const parts = [10, 11, 12].map((seed) => numbers(heads * perHead, seed));
  const all = new Float32Array(3 * heads * perHead);
  for (let n = 0; n < numTokens; n++)
    for (const [which, part] of parts.entries())
      for (let h = 0; h < heads; h++) {
        const from = h * perHead + n * width;
        const to = ((n * 3 + which) * heads + h) * width;
        all.set(part.subarray(from, from + width), to);
      }
  return tensor(all, [1, numTokens, 3, heads, width]);
}

export const attentions: readonly Workload[] = [
  {
    name: "attention 4 heads × 512 × 64",
    peer: "attnF",
    flops: 4 * heads * numTokens ** 2 * width,
    async prepare() {
      const [qkv, mask] = [packed(), zeros([1, numTokens], "bool")];
      return runsOf([qkv, mask], () => attention(qkv, mask));
    },
  },
  {
    name: "attention 4 heads × 512 × 64, gradient",
    peer: "attnFB",
    flops: 14 * heads * numTokens ** 2 * width,
    async prepare() {
      const [qkv, mask] = [packed(), zeros([1, numTokens], "bool")];
      const byHead = filled([heads, numTokens, width], 13);
      const dy = byHead.permute([1, 0, 2]).reshape([1, numTokens, heads, width]);
      return runsOf([qkv, mask, dy], () => gradients(attention(qkv, mask), [qkv], dy));
    },
  },
];
