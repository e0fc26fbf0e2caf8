import { defineKernel, type KernelSpec } from "../src/engine/kernel.ts";
import {
  attentionCode,
  attentionInputs,
  attentionNumbers,
  attentionPairs,
} from "./attentionParts.ts";
import { attentionWasm } from "./wasm/attention.ts";

/**
 * attention: what the queries of each head read from keys and values, one head at a time.
 *
 *   s_ij = scale · q_i · k_j + bias_ij    y_i = Σ_j m_ij exp(s_ij − L_i) v_j    L_i = log Σ_j exp s_ij
 *
 * over the keys of the query's event that are not masked; m_ij is 0 for dropped pairs and 1 / (1 − p)
 * for the others. One invocation owns one query of one head and walks over the keys once, rescaling
 * its sums whenever the running maximum m_i grows (Milakov & Gimelshein 2018, arXiv:1805.02867).
 * Nothing of size N × N exists. The head width is a constant of the program, so that the query and
 * the sum stay in registers. Of no key, or masked ones only, y is 0.
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
  threads: ({ B, N, M = N, H }) => B * M * H,

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

  wgsl: (attrs) => {
    const code = attentionCode(isPacked, attrs);
    return /* wgsl */ `
  const width = ${attrs.headDim}u;
  let h = i % dims.H;
  let row = i / dims.H;${code.keysOf("row")}${code.keys}
  var query: array<f32, width>;
  var sum: array<f32, width>;
  let queryAt = ${code.start(0, "row")};
  for (var d = 0u; d < width; d++) {
    query[d] = ${code.element(0, "queryAt")} * dims.scale;
    sum[d] = 0.0;
  }
  var greatest = -1e30;
  var total = 0.0;
  for (var j = first; j < end; j++) {
    if (!(${code.isVisible("j")})) { continue; }
    let keyAt = ${code.start(1, "j")};
    var score = 0.0;
    for (var d = 0u; d < width; d++) { score += query[d] * ${code.element(1, "keyAt")}; }
    score = ${code.biased("score", "row", "j")};
    let now = max(greatest, score);
    let keep = exp(greatest - now);
    let weight = exp(score - now);
    let factor = weight * ${code.kept("row", "j")};
    let valueAt = ${code.start(2, "j")};
    for (var d = 0u; d < width; d++) {
      sum[d] = sum[d] * keep + factor * ${code.element(2, "valueAt")};
    }
    total = total * keep + weight;
    greatest = now;
  }
  let to = i * width;
  total = max(total, 1e-30);
  for (var d = 0u; d < width; d++) { y[to + d] = sum[d] / total; }
  storeLogSum(i, greatest + tgLog(total));
`;
  },
});

/** Of packed queries, keys and values of the same tokens, as one product leaves them. */
export const attention: KernelSpec = defineKernel(attentionOf("attention", true));

/** Of queries from elsewhere than keys and values. */
export const crossAttention: KernelSpec = defineKernel(attentionOf("crossAttention", false));
