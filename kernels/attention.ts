import type { Attrs } from "../src/engine/expr.ts";
import { defineKernel, type KernelSpec } from "../src/engine/kernel.ts";
import { type Blocks, privateBlocks } from "./attentionBlocks.ts";
import { attentionInputs, attentionNumbers, attentionPairs } from "./attentionParts.ts";
import { attentionPass } from "./attentionPass.ts";
import {
  attentionShared,
  attentionSharedBytes,
  attentionWorkgroupSize,
  widestHead,
  workgroupBlocks,
} from "./attentionWorkgroups.ts";
import { attentionWasm } from "./wasm/attention.ts";

/**
 * attention: what the queries of each head read from keys and values, one head at a time.
 *
 *   s_ij = scale · q_i · k_j + bias_ij    y_i = Σ_j m_ij exp(s_ij − L_i) v_j    L_i = log Σ_j exp s_ij
 *
 * over the keys of the query's event that are not masked; m_ij is 0 for dropped pairs and 1 / (1 − p)
 * for the others. One invocation, or on GPUs a workgroup, owns a block of queries of one head and walks
 * over blocks of keys once, rescaling its sums whenever the running maximum of a query grows (Milakov &
 * Gimelshein 2018, arXiv:1805.02867; in blocks: Dao et al. 2022, arXiv:2205.14135). Nothing of size
 * N × N exists. Of no key, or masked ones only, y is 0.
 */
const attentionOf = (name: string, isPacked: boolean): KernelSpec => ({
  name,
  inputs: (attrs) => attentionInputs(isPacked, attrs),
  output: isPacked ? "f32 [B, N, H, D]" : "f32 [B, M, H, D]",
  // L, from which the backward pass computes the weights again
  more: { logSum: isPacked ? "f32 [B, N, H]" : "f32 [B, M, H]" },
  numbers: attentionNumbers,
  // events apart; a bias or the draws of dropout belong to all of them
  rows: ({ dropped, X }) => (dropped === 0 && X === undefined ? ["B"] : []),
  threads: ({ B, N, M = N, H }) => B * H * Math.ceil(M / privateBlocks.height),

  reference(inputs, y, dims, attrs, { logSum }) {
    const { B, N, M = N, H, D } = dims;
    const pairs = attentionPairs(inputs, dims, { isPacked, attrs });
    const values = pairs.data(2);
    const [scores, sum] = [new Float64Array(B * N), new Float64Array(D)];
    for (let row = 0; row < B * M; row++)
      for (let h = 0; h < H; h++) {
        const [first, end] = pairs.keysOf(row);
        let greatest = -1e30;
        for (let j = first; j < end; j++) {
          if (pairs.isHidden(j)) continue;
          scores[j] = pairs.score(row, j, h);
          if (scores[j] > greatest) greatest = scores[j];
        }
        let total = 0;
        sum.fill(0);
        for (let j = first; j < end; j++) {
          if (pairs.isHidden(j)) continue;
          const weight = Math.exp(scores[j] - greatest);
          const factor = weight * pairs.kept(row, j, h);
          const at = pairs.start(2, j, h);
          total += weight;
          for (let d = 0; d < D; d++) sum[d] += factor * values[at + d];
        }
        total = Math.max(total, 1e-30);
        for (let d = 0; d < D; d++) y[(row * H + h) * D + d] = sum[d] / total;
        logSum[row * H + h] = greatest + Math.log(total);
      }
  },

  wasm: attentionWasm,

  wgsl: (attrs) => `  let number = i;\n${forward(privateBlocks, attrs, isPacked)}`,

  variants: [
    {
      name: "workgroup",
      suits: ({ M, N, D }) => (M ?? N) >= 33 && N >= 33 && D <= widestHead,
      workgroupSize: attentionWorkgroupSize,
      workgroups: ({ B, N, M = N, H }) => B * H * Math.ceil(M / 64),
      sharedBytes: attentionSharedBytes,
      shared: () => attentionShared,
      wgsl: (attrs) =>
        `  let number = tile;\n${forward(workgroupBlocks(Number(attrs.headDim)), attrs, isPacked)}`,
    },
  ],
});

/** The pass over the keys of the block of queries `number`. */
function forward(blocks: Blocks, attrs: Attrs, isPacked: boolean): string {
  const pass = attentionPass(blocks, attrs, { isPacked, byQueries: true });
  const [queries, keys, values] = pass.sides;
  return /* wgsl */ `
  const width = ${attrs.headDim}u;
${pass.begin("number")}
  var greatest = vec4f(-1e30);
  var total = vec4f(0.0);
${blocks.declareSums("sums")}
${pass.eachBlock(`${blocks.dots("scores", queries, keys)}
  var best = greatest;
${pass.eachColumn(
  (c) => `    let score = ${pass.score(c)};
    scores[${c}] = score;
    best = max(best, score);
`,
)}
${blocks.across("best", (a, b) => `max(${a}, ${b})`)}
  let keep = exp(greatest - best);
  greatest = best;
  total *= keep;
${pass.eachColumn(
  (c) => `    let weight = exp(scores[${c}] - best);
    total += weight;
    scores[${c}] = weight * ${pass.kept};
`,
)}
${blocks.accumulate("sums", "scores", values, "keep")}`)}
${blocks.across("total", (a, b) => `${a} + ${b}`)}
  total = max(total, vec4f(1e-30));
  for (var r = 0u; r < 4u; r++) {
    if (${blocks.isFirst} && ${blocks.firstRow} + r <= lastRow) {
      storeLogSum((${blocks.firstRow} + r) * dims.H + h, greatest[r] + tgLog(total[r]));
    }
  }
${blocks.eachSum(
  "sums",
  ({ r, row, channel, value }) =>
    `y[(${row} * dims.H + h) * width + ${channel}] = ${value} / total[${r}];`,
)}
`;
}

/** Of packed queries, keys and values of the same tokens, as one product leaves them. */
export const attention: KernelSpec = defineKernel(attentionOf("attention", true));

/** Of queries from elsewhere than keys and values. */
export const crossAttention: KernelSpec = defineKernel(attentionOf("crossAttention", false));
