import { defineKernel, type KernelSpec } from "../src/engine/kernel.ts";
import { countDigitsByWorkgroup, placeByDigitByWorkgroup } from "./sortWorkgroups.ts";
import { countDigitsWasm, placeByDigitWasm } from "./wasm/sort.ts";

/** What one invocation owns: a block of consecutive elements. */
const ownBlock = /* wgsl */ `
  let length = (dims.E + dims.G - 1u) / dims.G;
  let end = min((i + 1u) * length, dims.E);
  let shift = u32(dims.shift);`;

/**
 * countDigits: how many elements of each of G blocks have each digit of 8 bits.
 *
 *   y[d, g] = #{ e in block g: (keys[e] >> shift) mod 256 = d }
 *
 * One invocation owns a block and counts in private memory, so there are no atomics. Neighboring
 * invocations write neighboring counts.
 */
export const countDigits: KernelSpec = defineKernel({
  name: "countDigits",
  inputs: { keys: "u32 [E]" },
  output: "u32 [256, G]",
  numbers: ["shift"],
  flops: () => 0,
  threads: ({ G }) => G,

  reference([keys], y, { E, G, shift }) {
    const length = Math.ceil(E / G);
    for (let e = 0; e < E; e++) y[((keys[e] >>> shift) & 255) * G + Math.floor(e / length)]++;
  },

  wasm: countDigitsWasm,

  wgsl: /* wgsl */ `${ownBlock}
  var counts: array<u32, 256>;
  for (var e = i * length; e < end; e++) { counts[(keys[e] >> shift) & 255u]++; }
  for (var d = 0u; d < 256u; d++) { y[d * dims.G + i] = counts[d]; }
`,
  variants: [countDigitsByWorkgroup],
});

/**
 * placeByDigit: one pass of a stable sort by digits (Knuth, The Art of Computer Programming 3, 5.2.5).
 *
 *   y[p] = rows[e], moved[p] = keys[e]   with p = starts[d, g] + j for the j-th element e of block g with digit d
 *
 * One invocation owns a block and places its elements in order, so equal digits stay in order. Keys move
 * with their rows: they are read one after the other in the next pass.
 */
export const placeByDigit: KernelSpec = defineKernel({
  name: "placeByDigit",
  inputs: { keys: "u32 [E]", rows: "u32 [E]", starts: "u32 [256, G]" },
  output: "u32 [E]",
  more: { moved: "u32 [E]" },
  numbers: ["shift"],
  flops: () => 0,
  threads: ({ G }) => G,

  reference([keys, rows, starts], y, { E, G, shift }, _attrs, { moved }) {
    const length = Math.ceil(E / G);
    const next = starts.slice();
    for (let e = 0; e < E; e++) {
      const place = next[((keys[e] >>> shift) & 255) * G + Math.floor(e / length)]++;
      y[place] = rows[e];
      moved[place] = keys[e];
    }
  },

  wasm: placeByDigitWasm,

  wgsl: /* wgsl */ `${ownBlock}
  var next: array<u32, 256>;
  for (var d = 0u; d < 256u; d++) { next[d] = starts[d * dims.G + i]; }
  for (var e = i * length; e < end; e++) {
    let key = keys[e];
    let digit = (key >> shift) & 255u;
    y[next[digit]] = rows[e];
    storeMoved(next[digit], key);
    next[digit]++;
  }
`,
  variants: [placeByDigitByWorkgroup],
});
