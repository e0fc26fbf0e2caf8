import { defineKernel, type KernelSpec } from "../src/engine/kernel.ts";
import { eachOfLane, rowVariants } from "./rowReductions.ts";
import { layerNormWasm } from "./wasm/rows.ts";

/**
 * layerNorm: each row to mean 0 and variance 1, then scaled and shifted per feature.
 *
 *   x̂[r, f] = (x[r, f] − μ_r) / √(v_r + ε)      μ_r, v_r mean and biased variance of the row
 *   y[r, f] = x̂[r, f] · weight[f] + bias[f]
 *
 * One invocation owns a row, on GPUs a workgroup (`rowReductions.ts`). The variance is summed from deviations in a second pass, because
 * E[x²] − μ² cancels.
 *
 * Backward, with h = weight · dy:  dx = (h − mean h − x̂ · mean(h x̂)) / √(v + ε).
 */
export const layerNorm: KernelSpec = defineKernel({
  name: "layerNorm",
  inputs: { x: "f32 [R, F]", weight: "f32 [F]", bias: "f32 [F]" },
  output: "f32 [R, F]",
  numbers: ["epsilon"],
  rows: () => ["R"],
  threads: ({ R }) => R,
  finishes: true,

  reference([x, weight, bias], y, { R, F, epsilon }) {
    for (let r = 0; r < R; r++) {
      let [mean, variance] = [0, 0];
      for (let f = 0; f < F; f++) mean += x[r * F + f] / F;
      for (let f = 0; f < F; f++) variance += (x[r * F + f] - mean) ** 2 / F;
      const scale = 1 / Math.sqrt(variance + epsilon);
      for (let f = 0; f < F; f++)
        y[r * F + f] = (x[r * F + f] - mean) * scale * weight[f] + bias[f];
    }
  },

  wgsl: /* wgsl */ `
  let start = i * dims.F;
  let count = f32(dims.F);
  var mean = 0.0;
  for (var f = 0u; f < dims.F; f++) { mean += x[start + f]; }
  mean /= count;
  var variance = 0.0;
  for (var f = 0u; f < dims.F; f++) {
    let d = x[start + f] - mean;
    variance += d * d;
  }
  let scale = inverseSqrt(variance / count + dims.epsilon);
  for (var f = 0u; f < dims.F; f++) {
    store(start + f, (x[start + f] - mean) * scale * weight[f] + bias[f]);
  }
`,
  variants: rowVariants(/* wgsl */ `
  let start = tile * dims.F;
  let count = f32(dims.F);
  var mean = 0.0;
${eachOfLane("mean += x[start + f];")}
  mean = sumOfRow(mean, lane) / count;
  var variance = 0.0;
${eachOfLane("let d = x[start + f] - mean; variance += d * d;")}
  let scale = inverseSqrt(sumOfRow(variance, lane) / count + dims.epsilon);
${eachOfLane("y[start + f] = (x[start + f] - mean) * scale * weight[f] + bias[f];")}
`),
  wasm: layerNormWasm,
});
