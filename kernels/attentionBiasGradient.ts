import { defineKernel, type KernelSpec } from "../src/engine/kernel.ts";
import {
  attentionCode,
  attentionInputs,
  attentionNumbers,
  attentionPairs,
  dot,
  eventOf,
} from "./attentionParts.ts";

/**
 * attentionBiasGradient: what the bias of `crossAttention` receives, summed over the events and heads
 * that share an entry.
 *
 *   dBias_ij = Σ P_ij (m_ij dy_i · v_j − δ_i)          in the notation of `attentionGradient`
 *
 * One invocation owns one entry; of pairs that do not see each other it is 0.
 */
export const attentionBiasGradient: KernelSpec = defineKernel({
  name: "attentionBiasGradient",
  inputs: (attrs) => ({
    ...attentionInputs(false, { ...attrs, hasBias: true }),
    dy: "f32 [B, M, H, D]",
    logSum: "f32 [B, M, H]",
    delta: "f32 [B, M, H]",
  }),
  output: "f32 [X, Y, M, N]",
  numbers: attentionNumbers,
  threads: ({ X, Y, M, N }) => X * Y * M * N,

  reference(inputs, dBias, dims, attrs) {
    const { B, H, M, N, X, Y, D } = dims;
    const pairs = attentionPairs(inputs, dims, { isPacked: false, attrs });
    const [dy, logSum, delta] = pairs.rest;
    for (let query = 0; query < B * M; query++) {
      const [first, end] = pairs.keysOf(query);
      for (let key = first; key < end; key++)
        for (let h = 0; h < H && !pairs.isHidden(key); h++) {
          const at = query * H + h;
          const weight = Math.exp(pairs.score(query, key, h) - logSum[at]);
          const slope = dot(dy, at * D, pairs.data(2), pairs.start(2, key, h), D);
          const entry = ((Math.floor(query / M) % X) * Y + (h % Y)) * M + (query % M);
          dBias[entry * N + (key % N)] += weight * (slope * pairs.kept(query, key, h) - delta[at]);
        }
    }
  },

  wgsl: (attrs) => {
    const code = attentionCode(false, attrs);
    return /* wgsl */ `
  const width = ${attrs.headDim}u;
  let query = i / dims.N % dims.M; // within its event
  let y0 = i / (dims.N * dims.M) % dims.Y;
  var total = 0.0;${code.keys}
  for (var b = i / (dims.N * dims.M * dims.Y); b < dims.B; b += dims.X) {
    let row = b * dims.M + query;
    let j = b * dims.N + i % dims.N;
    if (!(${code.isVisible("j")})) { continue; }${
      attrs.hasEvents
        ? `${eventOf("row")}    if (j < offsets[event] || j >= offsets[event + 1u]) { continue; }`
        : ""
    }
    for (var h = y0; h < dims.H; h += dims.Y) {
      let its = row * dims.H + h;
      let queryAt = ${code.start(0, "row")};
      let keyAt = ${code.start(1, "j")};
      let valueAt = ${code.start(2, "j")};
      var score = 0.0;
      var slope = 0.0;
      for (var d = 0u; d < width; d++) {
        score += ${code.element(0, "queryAt")} * ${code.element(1, "keyAt")};
        slope += dy[its * width + d] * ${code.element(2, "valueAt")};
      }
      let weight = exp(${code.biased("score * dims.scale", "row", "j")} - logSum[its]);
      total += weight * (slope * ${code.kept("row", "j")} - delta[its]);
    }
  }
  store(i, total);
`;
  },
});
