import { defineKernel, type KernelSpec } from "../src/engine/kernel.ts";
import { elementAt, ownBlock } from "./scanBlock.ts";
import { blockSumsByWorkgroup, scanBlocksByWorkgroup } from "./scanWorkgroups.ts";
import { blockSumsWasm, scanBlocksWasm } from "./wasm/scan.ts";

/**
 * blockSums: the axis N in G blocks of ⌈N/G⌉ elements, each added up.
 *
 *   y[o, g, i] = Σ x[o, n, i]   over g·⌈N/G⌉ ≤ n < (g+1)·⌈N/G⌉
 *
 * If reversed, n counts from the end. One invocation owns a block (on GPUs 64, `scanWorkgroups.ts`), so the
 * order of summation is fixed.
 */
export const blockSums: KernelSpec = defineKernel({
  name: "blockSums",
  inputs: ({ dtype = "f32" }) => ({ x: `${dtype} [O, N, I]` }),
  output: ({ dtype = "f32" }) => `${dtype} [O, G, I]`,
  threads: ({ O, G, I }) => O * G * I,

  reference([x], y, { O, N, I, G }, { reverse }) {
    const length = Math.ceil(N / G);
    for (let o = 0; o < O; o++)
      for (let p = 0; p < N; p++) {
        const n = reverse ? N - 1 - p : p;
        const block = Math.floor(p / length);
        for (let i = 0; i < I; i++) y[(o * G + block) * I + i] += x[(o * N + n) * I + i];
      }
  },

  wasm: blockSumsWasm,

  wgsl: ({ dtype = "f32", reverse }) => /* wgsl */ `${ownBlock}
  var total: ${dtype} = 0;
  for (var p = block * length; p < end; p++) { total += x[${elementAt(reverse)}]; }
  y[i] = total;
`,
  variants: [blockSumsByWorkgroup],
});

/**
 * scanBlocks: running sums within each block, from the sum of all blocks before it.
 *
 *   y[o, n, i] = Σ_{g < g(n)} sums[o, g, i] + Σ x[o, m, i]   over the m ≤ n of block g(n), m < n if exclusive
 *
 * Second half of a scan without barriers: x is read twice and y written once, and the few sums before a
 * block are added up again by each block.
 */
export const scanBlocks: KernelSpec = defineKernel({
  name: "scanBlocks",
  inputs: ({ dtype = "f32" }) => ({ x: `${dtype} [O, N, I]`, sums: `${dtype} [O, G, I]` }),
  output: ({ dtype = "f32" }) => `${dtype} [O, N, I]`,
  finishes: true,
  flops: ({ O, N, G, I }) => O * I * (N + (G * (G - 1)) / 2),
  threads: ({ O, G, I }) => O * G * I,

  reference([x, sums], y, { O, N, I, G }, { exclusive, reverse }) {
    const length = Math.ceil(N / G);
    for (let o = 0; o < O; o++)
      for (let i = 0; i < I; i++) {
        let [before, total] = [0, 0];
        for (let p = 0; p < N; p++) {
          const block = Math.floor(p / length);
          if (p % length === 0) {
            total = before;
            before += sums[(o * G + block) * I + i];
          }
          const n = (o * N + (reverse ? N - 1 - p : p)) * I + i;
          if (exclusive) y[n] = total;
          total += x[n];
          if (!exclusive) y[n] = total;
        }
      }
  },

  wasm: scanBlocksWasm,

  wgsl: ({ dtype = "f32", exclusive, reverse }) => /* wgsl */ `${ownBlock}
  var total: ${dtype} = 0;
  for (var g = 0u; g < block; g++) { total += sums[(outer * dims.G + g) * dims.I + inner]; }
  for (var p = block * length; p < end; p++) {
    let n = ${elementAt(reverse)};
    ${exclusive ? "store(n, total); total += x[n];" : "total += x[n]; store(n, total);"}
  }
`,
  variants: [scanBlocksByWorkgroup],
});
