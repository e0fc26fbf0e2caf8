import { defineKernel, type KernelSpec } from "../src/engine/kernel.ts";
import { quad, quadsOf } from "./coordinates.ts";
import { declareList, insert, insertReference, storeList } from "./insertion.ts";
import { nearestRowsByWorkgroup } from "./neighborsWorkgroups.ts";
import { nearestRowsWasm } from "./wasm/neighbors.ts";

/**
 * nearestRows: the k nearest points of the same event, for each query.
 *
 *   d[q, n] = Σ_d (queries[q, d] − points[n, d])²      offsets[b] ≤ n < offsets[b+1], d ≤ limit
 *
 * y[q, :] are the n of the least d[q, n] in ascending order, ties to the lower n; 2³² − 1 where there are
 * no more. Query q is of the event b with queryOffsets[b] ≤ q < queryOffsets[b+1]. Without `self`, n = q
 * does not count.
 *
 * One invocation owns a query. Its neighbors read the same point at the same time, so points come from
 * cache; on GPUs from workgroup memory (`neighborsWorkgroups.ts`). After the first few, most points are farther than the whole list and cost a comparison.
 */
export const nearestRows: KernelSpec = defineKernel({
  name: "nearestRows",
  inputs: ({ dim = 1 }) => ({
    points: `f32 [N, ${dim}]`,
    queries: `f32 [Q, ${dim}]`,
    offsets: "u32 [B+1]",
    queryOffsets: "u32 [B+1]",
  }),
  output: ({ k = 1 }) => `u32 [Q, ${k}]`,
  numbers: ["limit"],
  finishes: true,
  flops: ({ Q, N, B }, { dim }) => (3 * Number(dim) * Q * N) / B, // events of equal size
  threads: ({ Q }) => Q,

  reference([points, queries, offsets, queryOffsets], y, { Q, B, limit }, attrs) {
    const [k, dim] = [attrs.k as number, attrs.dim as number];
    const list = { distances: new Float64Array(k), rows: new Uint32Array(k) };
    for (let q = 0, b = 0; q < Q; q++) {
      while (b < B - 1 && queryOffsets[b + 1] <= q) b++;
      let found = 0;
      for (let row = offsets[b]; row < offsets[b + 1]; row++) {
        if (row === q && !attrs.self) continue;
        let distance = 0;
        for (let d = 0; d < dim; d++)
          distance += (queries[q * dim + d] - points[row * dim + d]) ** 2;
        if (distance <= limit) found = insertReference(list, found, distance, row);
      }
      list.rows.fill(0xffffffff, found);
      y.set(list.rows, q * k);
    }
  },

  wasm: nearestRowsWasm,

  wgsl: (attrs) => /* wgsl */ `
  var event = 0u; // the last that starts at i or before
  for (var after = dims.B - 1u; after > event; ) {
    let middle = (event + after + 1u) / 2u;
    if (queryOffsets[middle] <= i) { event = middle; } else { after = middle - 1u; }
  }
${quadsOf(attrs, (q) => `  let q${q} = ${quad("queries", "i", q, attrs)};`)}
${declareList(attrs)}
  let end = offsets[event + 1u];
  for (var row = offsets[event]; row < end; row++) {
    ${attrs.self ? "" : "if (row == i) { continue; }"}
    var sum = vec4f(0.0);
${quadsOf(attrs, (q) => `    { let d = q${q} - ${quad("points", "row", q, attrs)}; sum += d * d; }`)}
    let distance = (sum.x + sum.y) + (sum.z + sum.w);
    if (!(distance <= dims.limit)) { continue; }
${insert(attrs)}
  }
${storeList(attrs)}
`,
  variants: [nearestRowsByWorkgroup],
});
