import { defineKernel, type KernelSpec } from "../src/engine/kernel.ts";
import { attentionGradientWasm } from "./wasm/attentionGradient.ts";

/**
 * attentionGradient: the backward pass of `attention` (Dao et al. 2022, arXiv:2205.14135, without
 * atomics). With P_ij = exp(s_ij − L_i), δ_i = dy_i · y_i and dS_ij = P_ij (dy_i · v_j − δ_i),
 *
 *   dq_i = Σ_j dS_ij k_j / √D      dk_j = Σ_i dS_ij q_i / √D      dv_j = Σ_i P_ij dy_i
 *
 * One invocation owns one token of one head and walks over all others twice: as their query, for
 * dq, and as their key, for dk and dv. Every result is written once, so runs agree bit for bit.
 */
export const attentionGradient: KernelSpec = defineKernel({
  name: "attentionGradient",
  inputs: {
    qkv: "f32 [B, N, 3, H, D]",
    mask: "bool [B, N]",
    dy: "f32 [B, N, H, D]",
    logSum: "f32 [B, N, H]",
    delta: "f32 [B, N, H]",
  },
  output: "f32 [B, N, 3, H, D]",
  threads: ({ B, N, H }) => B * N * H,

  reference([qkv, mask, dy, logSum, delta], dqkv, { B, N, H, D }) {
    const scale = 1 / Math.sqrt(D);
    const pitch = 3 * H * D;
    const dot = (a: ArrayLike<number>, atA: number, b: ArrayLike<number>, atB: number) => {
      let sum = 0;
      for (let d = 0; d < D; d++) sum += a[atA + d] * b[atB + d];
      return sum;
    };
    const [dq, dk, dv] = [new Float64Array(D), new Float64Array(D), new Float64Array(D)];
    for (let row = 0; row < B * N; row++)
      for (let h = 0; h < H; h++) {
        const own = row * H + h;
        const first = row - (row % N);
        const part = (token: number, which: number) => token * pitch + (which * H + h) * D;
        for (const sums of [dq, dk, dv]) sums.fill(0);
        for (let other = first; other < first + N; other++) {
          if (!mask[other]) {
            // this token asks, the other is the key
            const score = dot(qkv, part(row, 0), qkv, part(other, 1)) * scale;
            const slope = dot(dy, own * D, qkv, part(other, 2)) - delta[own];
            const ds = Math.exp(score - logSum[own]) * slope * scale;
            for (let d = 0; d < D; d++) dq[d] += ds * qkv[part(other, 1) + d];
          }
          if (!mask[row]) {
            // the other asks, this token is the key
            const score = dot(qkv, part(other, 0), qkv, part(row, 1)) * scale;
            const at = other * H + h;
            const weight = Math.exp(score - logSum[at]);
            const ds = weight * (dot(dy, at * D, qkv, part(row, 2)) - delta[at]) * scale;
            for (let d = 0; d < D; d++) dk[d] += ds * qkv[part(other, 0) + d];
            for (let d = 0; d < D; d++) dv[d] += weight * dy[at * D + d];
          }
        }
        dqkv.set(dq, part(row, 0));
        dqkv.set(dk, part(row, 1));
        dqkv.set(dv, part(row, 2));
      }
  },

  wgsl: ({ headDim }) => /* wgsl */ `
  const width = ${headDim}u;
  let h = i % dims.H;
  let row = i / dims.H; // b · N + n
  let first = (row / dims.N) * dims.N;
  let pitch = 3u * dims.H * width;
  let step = dims.H * width; // from query to key to value of one token
  let scale = inverseSqrt(f32(width));
  let isKey = mask[row] == 0u;
  let own = row * pitch + h * width;
  var dq: array<f32, width>;
  var dk: array<f32, width>;
  var dv: array<f32, width>;
  for (var d = 0u; d < width; d++) { dq[d] = 0.0; dk[d] = 0.0; dv[d] = 0.0; }
  for (var other = first; other < first + dims.N; other++) {
    let at = other * pitch + h * width;
    let its = other * dims.H + h;
    if (mask[other] == 0u) { // this token asks, the other is the key
      var score = 0.0;
      var slope = -delta[i];
      for (var d = 0u; d < width; d++) {
        score += qkv[own + d] * qkv[at + step + d];
        slope += dy[i * width + d] * qkv[at + 2u * step + d];
      }
      let ds = exp(score * scale - logSum[i]) * slope * scale;
      for (var d = 0u; d < width; d++) { dq[d] += ds * qkv[at + step + d]; }
    }
    if (isKey) { // the other asks, this token is the key
      var score = 0.0;
      var slope = -delta[its];
      for (var d = 0u; d < width; d++) {
        score += qkv[at + d] * qkv[own + step + d];
        slope += dy[its * width + d] * qkv[own + 2u * step + d];
      }
      let weight = exp(score * scale - logSum[its]);
      let ds = weight * slope * scale;
      for (var d = 0u; d < width; d++) {
        dk[d] += ds * qkv[at + d];
        dv[d] += weight * dy[its * width + d];
      }
    }
  }
  for (var d = 0u; d < width; d++) {
    store(own + d, dq[d]);
    store(own + step + d, dk[d]);
    store(own + 2u * step + d, dv[d]);
  }
`,
  wasm: attentionGradientWasm,
});
