import { defineKernel, type KernelSpec } from "../src/engine/kernel.ts";
import {
  attentionCode,
  attentionInputs,
  attentionNumbers,
  attentionPairs,
  dot,
} from "./attentionParts.ts";
import { attentionGradientWasm } from "./wasm/attentionGradient.ts";

/**
 * attentionGradient: the backward pass of `attention` (Dao et al. 2022, arXiv:2205.14135, without
 * atomics). With P_ij = exp(s_ij − L_i), δ_i = dy_i · y_i and dS_ij = P_ij (m_ij dy_i · v_j − δ_i),
 *
 *   dq_i = scale Σ_j dS_ij k_j      dk_j = scale Σ_i dS_ij q_i      dv_j = Σ_i m_ij P_ij dy_i
 *
 * One invocation owns one token of one head and walks over all others twice: as their query, for
 * dq, and as their key, for dk and dv. Every result is written once, so runs agree bit for bit.
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
  threads: ({ B, N, M = N, H }) => B * Math.max(M, N) * H,

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

  wgsl: (attrs) => {
    const code = attentionCode(isPacked, attrs);
    const store = isPacked ? ["store", "store", "store"] : ["store", "storeDk", "storeDv"];
    const { numQueries, numKeys, element } = code;
    return /* wgsl */ `
  const width = ${attrs.headDim}u;
  let h = i % dims.H;
  let most = max(${numQueries}, ${numKeys});
  let b = i / dims.H / most;
  let t = i / dims.H % most; // a query and a key, as far as there are so many${code.keys}
  if (t < ${numQueries}) { // it asks
    let row = b * ${numQueries} + t;${code.keysOf("row")}
    let its = row * dims.H + h;
    let own = ${code.start(0, "row")};
    var dq: array<f32, width>;
    for (var d = 0u; d < width; d++) { dq[d] = 0.0; }
    for (var j = first; j < end; j++) {
      if (!(${code.isVisible("j")})) { continue; }
      let keyAt = ${code.start(1, "j")};
      let valueAt = ${code.start(2, "j")};
      var score = 0.0;
      var slope = 0.0;
      for (var d = 0u; d < width; d++) {
        score += ${element(0, "own")} * ${element(1, "keyAt")};
        slope += dy[its * width + d] * ${element(2, "valueAt")};
      }
      let weight = exp(${code.biased("score * dims.scale", "row", "j")} - logSum[its]);
      let ds = weight * (slope * ${code.kept("row", "j")} - delta[its]) * dims.scale;
      for (var d = 0u; d < width; d++) { dq[d] += ds * ${element(1, "keyAt")}; }
    }
    for (var d = 0u; d < width; d++) { ${store[0]}(own + d, dq[d]); }
  }
  if (t < ${numKeys}) { // the others ask
    let row = b * ${numKeys} + t;${code.queriesOf("row")}
    let keyAt = ${code.start(1, "row")};
    let valueAt = ${code.start(2, "row")};
    var dk: array<f32, width>;
    var dv: array<f32, width>;
    for (var d = 0u; d < width; d++) { dk[d] = 0.0; dv[d] = 0.0; }
    for (var j = first; j < end && ${code.isVisible("row")}; j++) {
      let its = j * dims.H + h;
      let at = ${code.start(0, "j")};
      var score = 0.0;
      var slope = 0.0;
      for (var d = 0u; d < width; d++) {
        score += ${element(0, "at")} * ${element(1, "keyAt")};
        slope += dy[its * width + d] * ${element(2, "valueAt")};
      }
      let weight = exp(${code.biased("score * dims.scale", "j", "row")} - logSum[its]);
      let kept = ${code.kept("j", "row")};
      let ds = weight * (slope * kept - delta[its]) * dims.scale;
      for (var d = 0u; d < width; d++) {
        dk[d] += ds * ${element(0, "at")};
        dv[d] += kept * weight * dy[its * width + d];
      }
    }
    for (var d = 0u; d < width; d++) {
      ${store[1]}(keyAt + d, dk[d]);
      ${store[2]}(valueAt + d, dv[d]);
    }
  }
`;
  },
});

export const attentionGradient: KernelSpec = defineKernel(gradientOf("attentionGradient", true));
export const crossAttentionGradient: KernelSpec = defineKernel(
  gradientOf("crossAttentionGradient", false),
);
