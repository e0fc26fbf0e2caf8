import { defineKernel, type KernelSpec } from "../src/engine/kernel.ts";
import { segmentAttentionGradientWasm, segmentAttentionWasm } from "./wasm/segmentAttention.ts";

const largest = 3.4028234663852886e38; // greatest finite f32

/**
 * Attention among the rows of each segment, forward and backward. Row e is in segment segmentOf[e]; the
 * rows of segment s are order[offsets[s]], …, order[offsets[s+1] − 1]. Weights are never stored.
 *
 * segmentAttention:
 *
 *   y[s, h, d] = Σ_e exp(scores[e, h] − m) values[e, h, d] / Σ_e exp(scores[e, h] − m)
 *
 * with m the greatest score of segment and head. One invocation owns four neighboring features of one
 * result and walks over the segment twice: for m, which needs scores only, and for the sums, with
 * one exponential per row. No atomics, and the same order of summation every time.
 */
export const segmentAttention: KernelSpec = defineKernel({
  name: "segmentAttention",
  inputs: {
    scores: "f32 [E, H]",
    values: "f32 [E, H, D]",
    offsets: "u32 [S+1]",
    order: "u32 [E]",
    segmentOf: "u32 [E]",
  },
  output: "f32 [S, H, D]",
  more: { logSum: "f32 [S, H]" }, // log Σ_e exp scores[e, h]: the gradient has the weights from it
  finishes: true,
  rows: () => ["S"],
  threads: ({ S, H, D }) => S * H * Math.ceil(D / 4),

  reference([scores, values, offsets, order], y, { S, H, D }, _attrs, { logSum }) {
    for (let s = 0; s < S; s++)
      for (let h = 0; h < H; h++) {
        const to = (s * H + h) * D;
        let [greatest, total] = [-largest, 0];
        for (let at = offsets[s]; at < offsets[s + 1]; at++)
          greatest = Math.max(greatest, scores[order[at] * H + h]);
        for (let at = offsets[s]; at < offsets[s + 1]; at++) {
          const row = order[at] * H + h;
          const weight = Math.exp(scores[row] - greatest);
          total += weight;
          for (let d = 0; d < D; d++) y[to + d] += weight * values[row * D + d];
        }
        for (let d = 0; d < D; d++) y[to + d] /= Math.max(total, 1e-30);
        logSum[s * H + h] = greatest + Math.log(Math.max(total, 1e-30));
      }
  },

  wasm: segmentAttentionWasm,

  wgsl: /* wgsl */ `
  let quads = (dims.D + 3u) / 4u;
  let d = (i % quads) * 4u;
  let h = (i / quads) % dims.H;
  let s = i / (quads * dims.H);
  let last = dims.D - 1u;
  let columns = min(vec4u(d, d + 1u, d + 2u, d + 3u), vec4u(last));
  let first = offsets[s];
  let end = offsets[s + 1u];
  var greatest = -${largest};
  for (var at = first; at < end; at++) {
    greatest = max(greatest, scores[order[at] * dims.H + h]);
  }
  var total = 0.0;
  var sum = vec4f(0.0);
  for (var at = first; at < end; at++) {
    let row = order[at] * dims.H + h;
    let weight = exp(scores[row] - greatest);
    let element = columns + row * dims.D;
    total += weight;
    sum += weight * vec4f(values[element.x], values[element.y], values[element.z], values[element.w]);
  }
  let mean = sum / max(total, 1e-30); // an empty segment: zeros
  if (d == 0u) { storeLogSum(s * dims.H + h, greatest + tgLog(max(total, 1e-30))); }
  let to = (s * dims.H + h) * dims.D + d;
  for (var t = 0u; t < min(4u, dims.D - d); t++) { store(to + t, mean[t]); }
`,
});

/**
 * segmentAttentionGradient: with α[e, h] = exp(scores[e, h] − L[s, h]), δ[s, h] = Σ_d dy[s, h, d] y[s, h, d]
 * and s the segment of row e,
 *
 *   dv[e, h, d] = α[e, h] dy[s, h, d]        ds[e, h] = α[e, h] (Σ_d dy[s, h, d] values[e, h, d] − δ[s, h])
 *
 * One invocation owns one row and head.
 */
export const segmentAttentionGradient: KernelSpec = defineKernel({
  name: "segmentAttentionGradient",
  inputs: {
    values: "f32 [E, H, D]",
    scores: "f32 [E, H]",
    segmentOf: "u32 [E]",
    dy: "f32 [S, H, D]",
    logSum: "f32 [S, H]",
    delta: "f32 [S, H]",
  },
  output: "f32 [E, H, D]",
  more: { dScores: "f32 [E, H]" },
  rows: () => ["E"],
  threads: ({ E, H }) => E * H,

  reference(inputs, dValues, { E, S, H, D }, _attrs, { dScores }) {
    const [values, scores, segmentOf, dy, logSum, delta] = inputs;
    for (let i = 0; i < E * H; i++) {
      const own = segmentOf[Math.floor(i / H)];
      if (own >= S) continue; // a row of no segment
      const segment = own * H + (i % H); // and head
      const weight = Math.exp(scores[i] - logSum[segment]);
      let slope = -delta[segment];
      for (let d = 0; d < D; d++) {
        slope += dy[segment * D + d] * values[i * D + d];
        dValues[i * D + d] = weight * dy[segment * D + d];
      }
      dScores[i] = weight * slope;
    }
  },

  wasm: segmentAttentionGradientWasm,

  wgsl: /* wgsl */ `
  let own = segmentOf[i / dims.H];
  if (own >= dims.S) { // a row of no segment
    for (var d = 0u; d < dims.D; d++) { store(i * dims.D + d, 0.0); }
    storeDScores(i, 0.0);
    return;
  }
  let segment = own * dims.H + i % dims.H; // and head
  let weight = exp(scores[i] - logSum[segment]);
  var slope = -delta[segment];
  for (var d = 0u; d < dims.D; d++) {
    let received = dy[segment * dims.D + d];
    slope += received * values[i * dims.D + d];
    store(i * dims.D + d, weight * received);
  }
  storeDScores(i, weight * slope);
`,
});
