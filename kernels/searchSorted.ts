import { defineKernel, type KernelSpec } from "../src/engine/kernel.ts";
import { searchSortedWasm } from "./wasm/searchSorted.ts";

/**
 * searchSorted: how many elements of an ascending list are below each value, by bisection.
 *
 *   y[s] = #{ e: sorted[e] < values[s] }      ≤ instead of < with `right`
 *
 * One invocation owns one value and reads log₂ E elements.
 */
export const searchSorted: KernelSpec = defineKernel({
  name: "searchSorted",
  inputs: ({ dtype = "f32" }) => ({ sorted: `${dtype} [E]`, values: `${dtype} [S]` }),
  output: "u32 [S]",
  finishes: true,
  flops: ({ E, S }) => S * Math.ceil(Math.log2(E + 1)),
  rows: () => ["S"],
  threads: ({ S }) => S,

  reference([sorted, values], y, { E, S }, { right }) {
    for (let s = 0; s < S; s++) {
      let [low, high] = [0, E];
      while (low < high) {
        const middle = (low + high) >>> 1;
        const isBefore = right ? sorted[middle] <= values[s] : sorted[middle] < values[s];
        if (isBefore) low = middle + 1;
        else high = middle;
      }
      y[s] = low;
    }
  },

  wasm: searchSortedWasm,

  wgsl: ({ right }) => /* wgsl */ `
  let value = values[i];
  var low = 0u;
  var high = dims.E;
  while (low < high) {
    let middle = (low + high) / 2u;
    if (sorted[middle] ${right ? "<=" : "<"} value) { low = middle + 1u; } else { high = middle; }
  }
  store(i, low);
`,
});
