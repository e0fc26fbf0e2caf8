import { defineKernel, type KernelSpec } from "../src/engine/kernel.ts";

/**
 * Attention among the rows of each segment, forward and backward. Row e is in segment segmentOf[e]; the
 * rows of segment s are order[offsets[s]], …, order[offsets[s+1] − 1]. Weights are never stored.
 *
 * segmentAttention:
 *
 *   y[s, h, d] = Σ_e exp(scores[e, h] − m) values[e, h, d] / Σ_e exp(scores[e, h] − m)
 *
 * with m the greatest score of segment and head. One invocation owns four neighbouring features of one
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
  finishes: true,
  threads: ({ S, H, D }) => S * H * Math.ceil(D / 4),

  reference([scores, values, offsets, order], y, { S, H, D }) {
    for (let s = 0; s < S; s++)
      for (let h = 0; h < H; h++) {
        const to = (s * H + h) * D;
        let [greatest, total] = [Number.NEGATIVE_INFINITY, 0];
        for (let at = offsets[s]; at < offsets[s + 1]; at++)
          greatest = Math.max(greatest, scores[order[at] * H + h]);
        for (let at = offsets[s]; at < offsets[s + 1]; at++) {
          const row = order[at] * H + h;
          const weight = Math.exp(scores[row] - greatest);
          total += weight;
          for (let d = 0; d < D; d++) y[to + d] += weight * values[row * D + d];
        }
        for (let d = 0; d < D; d++) y[to + d] /= Math.max(total, 1e-30);
      }
  },

  wgsl: /* wgsl */ `
  let quads = (dims.D + 3u) / 4u;
  let d = (i % quads) * 4u;
  let h = (i / quads) % dims.H;
  let s = i / (quads * dims.H);
  let last = dims.D - 1u;
  let columns = min(vec4u(d, d + 1u, d + 2u, d + 3u), vec4u(last));
  let first = offsets[s];
  let end = offsets[s + 1u];
  var greatest = -3.4028234663852886e38;
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
  let to = (s * dims.H + h) * dims.D + d;
  for (var t = 0u; t < min(4u, dims.D - d); t++) { store(to + t, mean[t]); }
`,
});

/**
 * segmentAttentionStatistics: what the gradient needs to know of a segment and head,
 *
 *   L[s, h] = log Σ_e exp scores[e, h]        δ[s, h] = Σ_d dy[s, h, d] · made[s, h, d]
 *
 * where `made` is what the forward pass made. One invocation owns one pair.
 */
export const segmentAttentionStatistics: KernelSpec = defineKernel({
  name: "segmentAttentionStatistics",
  inputs: {
    scores: "f32 [E, H]",
    offsets: "u32 [S+1]",
    order: "u32 [E]",
    segmentOf: "u32 [E]",
    made: "f32 [S, H, D]",
    dy: "f32 [S, H, D]",
  },
  output: "f32 [S, H, 2]",
  threads: ({ S, H }) => S * H,

  reference([scores, offsets, order, , made, dy], statistics, { S, H, D }) {
    for (let i = 0; i < S * H; i++) {
      const [s, h] = [Math.floor(i / H), i % H];
      let greatest = -3.4028234663852886e38; // least f32
      for (let at = offsets[s]; at < offsets[s + 1]; at++)
        greatest = Math.max(greatest, scores[order[at] * H + h]);
      let [total, delta] = [0, 0];
      for (let at = offsets[s]; at < offsets[s + 1]; at++)
        total += Math.exp(scores[order[at] * H + h] - greatest);
      for (let d = 0; d < D; d++) delta += made[i * D + d] * dy[i * D + d];
      statistics[2 * i] = greatest + Math.log(Math.max(total, 1e-30));
      statistics[2 * i + 1] = delta;
    }
  },

  wgsl: /* wgsl */ `
  let s = i / dims.H;
  let h = i % dims.H;
  let first = offsets[s];
  let end = offsets[s + 1u];
  var greatest = -3.4028234663852886e38;
  for (var at = first; at < end; at++) {
    greatest = max(greatest, scores[order[at] * dims.H + h]);
  }
  var total = 0.0;
  for (var at = first; at < end; at++) {
    total += exp(scores[order[at] * dims.H + h] - greatest);
  }
  var delta = 0.0;
  for (var d = 0u; d < dims.D; d++) { delta += made[i * dims.D + d] * dy[i * dims.D + d]; }
  store(2u * i, greatest + tgLog(max(total, 1e-30)));
  store(2u * i + 1u, delta);
`,
});

/**
 * segmentAttentionGradient: with α[e, h] = exp(scores[e, h] − L[s, h]) and s the segment of row e,
 *
 *   dv[e, h, d] = α[e, h] dy[s, h, d]
 *   ds[e, h] = α[e, h] (Σ_d dy[s, h, d] values[e, h, d] − δ[s, h])
 *
 * side by side in one result: D columns of dv, then ds. One invocation owns one row and head.
 */
export const segmentAttentionGradient: KernelSpec = defineKernel({
  name: "segmentAttentionGradient",
  inputs: {
    scores: "f32 [E, H]",
    values: "f32 [E, H, D]",
    segmentOf: "u32 [E]",
    dy: "f32 [S, H, D]",
    statistics: "f32 [S, H, 2]",
  },
  output: "f32 [E, H, D+1]",
  threads: ({ E, H }) => E * H,

  reference([scores, values, segmentOf, dy, statistics], gradient, { E, S, H, D }) {
    for (let i = 0; i < E * H; i++) {
      const own = segmentOf[Math.floor(i / H)];
      if (own >= S) continue; // a row of no segment
      const segment = own * H + (i % H); // and head
      const weight = Math.exp(scores[i] - statistics[2 * segment]);
      let slope = -statistics[2 * segment + 1];
      for (let d = 0; d < D; d++) {
        slope += dy[segment * D + d] * values[i * D + d];
        gradient[i * (D + 1) + d] = weight * dy[segment * D + d];
      }
      gradient[i * (D + 1) + D] = weight * slope;
    }
  },

  wgsl: /* wgsl */ `
  let to = i * (dims.D + 1u);
  let own = segmentOf[i / dims.H];
  if (own >= dims.S) { // a row of no segment
    for (var d = 0u; d <= dims.D; d++) { store(to + d, 0.0); }
    return;
  }
  let segment = own * dims.H + i % dims.H; // and head
  let weight = exp(scores[i] - statistics[2u * segment]);
  var slope = -statistics[2u * segment + 1u];
  for (var d = 0u; d < dims.D; d++) {
    let received = dy[segment * dims.D + d];
    slope += received * values[i * dims.D + d];
    store(to + d, weight * received);
  }
  store(to + dims.D, weight * slope);
`,
});
