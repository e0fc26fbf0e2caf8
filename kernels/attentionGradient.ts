import type { Attrs } from "../src/engine/expr.ts";
import { defineKernel, type KernelSpec } from "../src/engine/kernel.ts";
import { type Blocks, declarePairs, privateBlocks, type RowsOf } from "./attentionBlocks.ts";
import { attentionInputs, attentionNumbers, attentionPairs, dot } from "./attentionParts.ts";
import { attentionPass } from "./attentionPass.ts";
import {
  attentionShared,
  attentionSharedBytes,
  attentionWorkgroupSize,
  widestHead,
  workgroupBlocks,
} from "./attentionWorkgroups.ts";
import { attentionGradientWasm } from "./wasm/attentionGradient.ts";

/**
 * attentionGradient: the backward pass of `attention` (Dao et al. 2022, arXiv:2205.14135, without
 * atomics). With P_ij = exp(s_ij − L_i), δ_i = dy_i · y_i and dS_ij = P_ij (m_ij dy_i · v_j − δ_i),
 *
 *   dq_i = scale Σ_j dS_ij k_j      dk_j = scale Σ_i dS_ij q_i      dv_j = Σ_i m_ij P_ij dy_i
 *
 * One invocation owns a block of queries of one head and walks over the keys, for dq; another owns a
 * block of keys and walks over the queries, for dk and dv. On GPUs workgroups do so. Every result is
 * written once, so runs agree bit for bit.
 */
const gradientOf = (name: string, isPacked: boolean): KernelSpec => ({
  name,
  inputs: (attrs) => ({
    ...attentionInputs(isPacked, attrs),
    dy: isPacked ? "f32 [B, N, H, D]" : "f32 [B, M, H, D]",
    logSum: isPacked ? "f32 [B, N, H]" : "f32 [B, M, H]",
    delta: isPacked ? "f32 [B, N, H]" : "f32 [B, M, H]",
  }),
  output: isPacked ? "f32 [B, N, 3, H, D]" : "f32 [B, M, H, D]",
  ...(isPacked ? {} : { more: { dk: "f32 [B, N, H, D]", dv: "f32 [B, N, H, D]" } }),
  numbers: attentionNumbers,
  threads: ({ B, N, M = N, H }) =>
    B * H * (Math.ceil(M / privateBlocks.height) + Math.ceil(N / privateBlocks.height)),

  reference(inputs, dq, dims, attrs, { dk = dq, dv = dq }) {
    const { B, N, M = N, H, D, scale } = dims;
    const pairs = attentionPairs(inputs, dims, { isPacked, attrs });
    const [dy, logSum, delta] = pairs.rest;
    const [q, k, v] = [pairs.data(0), pairs.data(1), pairs.data(2)];
    /** m_ij P_ij and scale · dS_ij. */
    const slopes = (query: number, key: number, h: number): [number, number] => {
      const at = query * H + h;
      const weight = Math.exp(pairs.score(query, key, h) - logSum[at]);
      const kept = pairs.kept(query, key, h);
      const slope = kept * dot(dy, at * D, v, pairs.start(2, key, h), D) - delta[at];
      return [kept * weight, weight * slope * scale];
    };
    const sums = [0, 1, 2].map(() => new Float64Array(D));
    const add = (sum: Float64Array, factor: number, of: ArrayLike<number>, at: number) => {
      for (let d = 0; d < D; d++) sum[d] += factor * of[at + d];
    };
    for (let h = 0; h < H; h++) {
      for (let row = 0; row < B * M; row++) {
        const [first, end] = pairs.keysOf(row);
        sums[0].fill(0);
        for (let key = first; key < end; key++)
          if (!pairs.isHidden(key)) add(sums[0], slopes(row, key, h)[1], k, pairs.start(1, key, h));
        dq.set(sums[0], pairs.start(0, row, h));
      }
      for (let row = 0; row < B * N; row++) {
        const [first, end] = pairs.isHidden(row) ? [0, 0] : pairs.queriesOf(row);
        for (const sum of sums) sum.fill(0);
        for (let query = first; query < end; query++) {
          const [weight, ds] = slopes(query, row, h);
          add(sums[1], ds, q, pairs.start(0, query, h));
          add(sums[2], weight, dy, (query * H + h) * D);
        }
        dk.set(sums[1], pairs.start(1, row, h));
        dv.set(sums[2], pairs.start(2, row, h));
      }
    }
  },

  wasm: attentionGradientWasm,

  wgsl: (attrs) => backward(privateBlocks, attrs, { isPacked, number: "i" }),

  variants: [
    {
      name: "workgroup",
      suits: ({ M, N, D }) => (M ?? N) >= 33 && N >= 33 && D <= widestHead,
      workgroupSize: attentionWorkgroupSize,
      workgroups: ({ B, N, M = N, H }) => B * H * (Math.ceil(M / 64) + Math.ceil(N / 64)),
      sharedBytes: attentionSharedBytes,
      shared: () => attentionShared,
      wgsl: (attrs) =>
        backward(workgroupBlocks(Number(attrs.headDim)), attrs, { isPacked, number: "tile" }),
    },
  ],
});

/** Blocks of queries come first, then those of keys. */
function backward(
  blocks: Blocks,
  attrs: Attrs,
  { isPacked, number }: { isPacked: boolean; number: string },
): string {
  const [ofQueries, ofKeys] = [true, false].map((byQueries) =>
    attentionPass(blocks, attrs, { isPacked, byQueries }),
  );
  const [queries, keys, values] = ofQueries.sides;
  const received: RowsOf = { array: "dy", start: (row) => `(${row} * dims.H + h) * width` };
  const [storeQ, storeK, storeV] = isPacked
    ? ["store", "store", "store"]
    : ["store", "storeDk", "storeDv"];
  const results = (sums: string, store: string, { start }: RowsOf) =>
    blocks.eachSum(
      sums,
      ({ row, channel, value }) => `${store}(${start(row)} + ${channel}, ${value});`,
    );
  return /* wgsl */ `
  const width = ${attrs.headDim}u;
  let numBlocks = ${ofQueries.count};
  if (${number} < numBlocks) { // dq
${ofQueries.begin(number)}
  let logSumOfRows = ${ofQueries.ofRows((row) => `logSum[${row} * dims.H + h]`)};
  let deltaOfRows = ${ofQueries.ofRows((row) => `delta[${row} * dims.H + h]`)};
${declarePairs(blocks, "slopes")}
${blocks.declareSums("dq")}
${ofQueries.eachBlock(`${blocks.dots("scores", queries, keys)}
${blocks.dots("slopes", received, values)}
${slopesOf(ofQueries, (array) => `${array}OfRows`)}
${blocks.accumulate("dq", "slopes", keys, null)}`)}
${results("dq", storeQ, queries)}
  } else { // dk and dv
${ofKeys.begin(`(${number} - numBlocks)`)}${declarePairs(blocks, "slopes")}
${blocks.declareSums("dk")}${blocks.declareSums("dv")}
${ofKeys.eachBlock(`${blocks.dots("scores", keys, queries)}
${blocks.dots("slopes", values, received)}
${slopesOf(ofKeys, (array) => `vec4f(${array}[column * dims.H + h])`)}
${blocks.accumulate("dk", "slopes", queries, null)}
${blocks.accumulate("dv", "scores", received, null)}`)}
${results("dk", storeK, keys)}
${results("dv", storeV, values)}
  }
`;
}

/** Turns scores into m_ij P_ij and slopes dy_i · v_j into scale · dS_ij. */
function slopesOf(
  pass: ReturnType<typeof attentionPass>,
  perQuery: (array: string) => string,
): string {
  return pass.eachColumn(
    (c) => `    let weight = exp(${pass.score(c)} - ${perQuery("logSum")});
    let kept = ${pass.kept};
    scores[${c}] = weight * kept;
    slopes[${c}] = weight * (slopes[${c}] * kept - ${perQuery("delta")}) * dims.scale;
`,
  );
}

export const attentionGradient: KernelSpec = defineKernel(gradientOf("attentionGradient", true));
export const crossAttentionGradient: KernelSpec = defineKernel(
  gradientOf("crossAttentionGradient", false),
);
