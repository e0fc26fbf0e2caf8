import { defineKernel, type KernelSpec } from "../src/engine/kernel.ts";
import { attentionWasm } from "./wasm/attention.ts";

/**
 * attention: self-attention of packed queries, keys and values, one head at a time.
 *
 *   s_ij = q_i · k_j / √D        y_i = Σ_j exp(s_ij − L_i) v_j        L_i = log Σ_j exp s_ij
 *
 * over keys j with mask[b, j] = 0. One invocation owns one query of one head and walks over the
 * keys once, rescaling its sums whenever the running maximum m_i grows (Milakov & Gimelshein 2018,
 * arXiv:1805.02867). Nothing of size N × N exists. The head width is a constant of the program, so
 * that the query and the sum stay in registers.
 */
export const attention: KernelSpec = defineKernel({
  name: "attention",
  inputs: { qkv: "f32 [B, N, 3, H, D]", mask: "bool [B, N]" },
  output: "f32 [B, N, H, D]",
  more: { logSum: "f32 [B, N, H]" }, // L, from which the backward pass computes the weights again
  rows: () => ["B"],
  threads: ({ B, N, H }) => B * N * H,

  reference([qkv, mask], y, { B, N, H, D }, _attrs, { logSum }) {
    const scale = 1 / Math.sqrt(D);
    const pitch = 3 * H * D; // from one token to the next
    const weights = new Float64Array(N);
    const sum = new Float64Array(D);
    for (let row = 0; row < B * N; row++)
      for (let h = 0; h < H; h++) {
        const first = row - (row % N); // token 0 of the same event
        const query = row * pitch + h * D;
        let greatest = -1e30;
        for (let j = 0; j < N; j++) {
          if (mask[first + j]) continue;
          const key = (first + j) * pitch + (H + h) * D;
          let score = 0;
          for (let d = 0; d < D; d++) score += qkv[query + d] * qkv[key + d];
          weights[j] = score * scale;
          if (weights[j] > greatest) greatest = weights[j];
        }
        let total = 0;
        sum.fill(0);
        for (let j = 0; j < N; j++) {
          if (mask[first + j]) continue;
          const value = (first + j) * pitch + (2 * H + h) * D;
          const weight = Math.exp(weights[j] - greatest);
          total += weight;
          for (let d = 0; d < D; d++) sum[d] += weight * qkv[value + d];
        }
        total = Math.max(total, 1e-30); // every key masked: zeros
        for (let d = 0; d < D; d++) y[(row * H + h) * D + d] = sum[d] / total;
        logSum[row * H + h] = greatest + Math.log(total);
      }
  },

  wgsl: ({ headDim }) => /* wgsl */ `
  const width = ${headDim}u;
  let h = i % dims.H;
  let row = i / dims.H; // b · N + n
  let first = (row / dims.N) * dims.N;
  let pitch = 3u * dims.H * width; // from one token to the next
  let scale = inverseSqrt(f32(width));
  var q: array<f32, width>;
  var sum: array<f32, width>;
  let queryAt = row * pitch + h * width;
  for (var d = 0u; d < width; d++) {
    q[d] = qkv[queryAt + d] * scale;
    sum[d] = 0.0;
  }
  var greatest = -1e30;
  var total = 0.0;
  for (var j = first; j < first + dims.N; j++) {
    if (mask[j] != 0u) { continue; }
    let keyAt = j * pitch + (dims.H + h) * width;
    var score = 0.0;
    for (var d = 0u; d < width; d++) { score += q[d] * qkv[keyAt + d]; }
    let now = max(greatest, score);
    let keep = exp(greatest - now);
    let weight = exp(score - now);
    let valueAt = keyAt + dims.H * width;
    for (var d = 0u; d < width; d++) { sum[d] = sum[d] * keep + weight * qkv[valueAt + d]; }
    total = total * keep + weight;
    greatest = now;
  }
  let to = i * width;
  total = max(total, 1e-30); // every key masked: zeros
  for (var d = 0u; d < width; d++) { y[to + d] = sum[d] / total; }
  storeLogSum(i, greatest + tgLog(total));
`,
  wasm: attentionWasm,
});
