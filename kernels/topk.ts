import { defineKernel, type KernelSpec } from "../src/engine/kernel.ts";
import { declareList, insert, insertReference, storeList } from "./insertion.ts";
import { leastOfRowsWasm } from "./wasm/topk.ts";

/**
 * leastOfRows: columns of the k least elements of each row, in ascending order, ties to the lower column;
 * 2³² − 1 where there are no more numbers.
 *
 * One invocation owns a row and reads it once.
 */
export const leastOfRows: KernelSpec = defineKernel({
  name: "leastOfRows",
  inputs: { x: "f32 [R, F]" },
  output: ({ k = 1 }) => `u32 [R, ${k}]`,
  finishes: true,
  flops: ({ R, F }) => R * F,
  threads: ({ R }) => R,

  reference([x], y, { R, F }, attrs) {
    const k = attrs.k as number;
    const list = { distances: new Float64Array(k), rows: new Uint32Array(k) };
    for (let r = 0; r < R; r++) {
      let found = 0;
      for (let f = 0; f < F; f++)
        if (x[r * F + f] <= 3.4028234663852886e38)
          found = insertReference(list, found, x[r * F + f], f);
      list.rows.fill(0xffffffff, found);
      y.set(list.rows, r * k);
    }
  },

  wasm: leastOfRowsWasm,

  wgsl: (attrs) => /* wgsl */ `
${declareList(attrs)}
  for (var row = 0u; row < dims.F; row++) {
    let distance = x[i * dims.F + row];
    if (!(distance <= 3.4028234663852886e38)) { continue; }
${insert(attrs)}
  }
${storeList(attrs)}
`,
});
