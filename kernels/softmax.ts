import { defineKernel, type KernelSpec } from "../src/engine/kernel.ts";
import { eachOfLane, rowVariants } from "./rowReductions.ts";
import { softmaxWasm } from "./wasm/rows.ts";

/**
 * softmax: each row becomes positive and sums to 1.
 *
 *   y[r, f] = exp(x[r, f] − m_r) / Σ_f exp(x[r, f] − m_r)      m_r = max_f x[r, f]
 *
 * One invocation owns a row and reads it three times; the second and third time it comes from
 * cache. On GPUs a workgroup owns a row (`rowReductions.ts`). A row whose entries are all −∞ has no softmax; use a large negative number to mask.
 *
 * Backward: dx = y · (dy − Σ_f y · dy).
 */
export const softmax: KernelSpec = defineKernel({
  name: "softmax",
  inputs: { x: "f32 [R, F]" },
  output: "f32 [R, F]",
  rows: () => ["R"],
  threads: ({ R }) => R,

  reference([x], y, { R, F }) {
    for (let r = 0; r < R; r++) {
      let [greatest, total] = [Number.NEGATIVE_INFINITY, 0];
      for (let f = 0; f < F; f++) greatest = Math.max(greatest, x[r * F + f]);
      for (let f = 0; f < F; f++) total += Math.exp(x[r * F + f] - greatest);
      for (let f = 0; f < F; f++) y[r * F + f] = Math.exp(x[r * F + f] - greatest) / total;
    }
  },

  wgsl: /* wgsl */ `
  let start = i * dims.F;
  let end = start + dims.F;
  var greatest = x[start];
  for (var at = start + 1u; at < end; at++) { greatest = max(greatest, x[at]); }
  var total = 0.0;
  for (var at = start; at < end; at++) {
    let e = exp(x[at] - greatest);
    y[at] = e;
    total += e;
  }
  for (var at = start; at < end; at++) { y[at] = y[at] / total; }
`,
  variants: rowVariants(/* wgsl */ `
  let start = tile * dims.F;
  var greatest = x[start];
${eachOfLane("greatest = max(greatest, x[start + f]);")}
  greatest = maxOfRow(greatest, lane);
  var total = 0.0;
${eachOfLane("let e = exp(x[start + f] - greatest); y[start + f] = e; total += e;")}
  total = sumOfRow(total, lane);
${eachOfLane("y[start + f] = y[start + f] / total;")}
`),
  wasm: softmaxWasm,
});
