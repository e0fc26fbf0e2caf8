import { defineKernel, type KernelSpec } from "../src/engine/kernel.ts";
import { multiply } from "./registerTiles.ts";
import { linearGradientWasm } from "./wasm/linearGradient.ts";
import { type TiledProduct, tileBytes, tiledBody, tiledShared, tilesOf } from "./workgroupTiles.ts";

const product: TiledProduct = {
  ...{ rows: 64, a: "dy", b: "x", m: "dims.O", n: "dims.I", k: "dims.R" },
  transposeA: true,
  transposeB: false,
  storeRowSum: "storeBias",
};

/**
 * linearGradient: what the weight and the bias of an affine map receive, in one launch.
 *
 *   dW[o, i] = Σ_r dy[r, o] · x[r, i]      db[o] = Σ_r dy[r, o]
 *
 * One invocation owns a tile of 4 × 4 sums of dW in registers; four sums of db are a tile too. All
 * walk over the rows in order, so runs agree bit for bit. On GPUs a workgroup owns a tile of 64 × 64
 * sums; as results are few and rows many, stretches of rows are summed apart and added up, always in
 * the same order, by a second launch.
 */
export const linearGradient: KernelSpec = defineKernel({
  name: "linearGradient",
  inputs: { dy: "f32 [R, O]", x: "f32 [R, I]" },
  output: "f32 [O, I]",
  more: { bias: "f32 [O]" },
  finishes: true,
  variants: [
    {
      name: "split",
      suits: ({ R, O, I }) => R >= 256 && O * I >= 1024,
      workgroupSize: 256,
      workgroups: ({ O, I }) => tilesOf(64, { M: O, N: I }),
      // some hundred workgroups, each with a few hundred rows
      parts: ({ R, O, I }) =>
        Math.max(
          1,
          Math.min(64, Math.floor(R / 256), Math.ceil(256 / tilesOf(64, { M: O, N: I }))),
        ),
      sharedBytes: tileBytes(64),
      shared: () => tiledShared(product),
      wgsl: () => tiledBody(product),
    },
  ],
  threads: ({ O, I }) => Math.ceil(O / 4) * (Math.ceil(I / 4) + 1),

  reference([dy, x], dW, { R, O, I }, _attrs, { bias }) {
    const turned = { data: dy, start: 0, down: 1, right: O };
    multiply(turned, { data: x, start: 0, down: I, right: 1 }, { M: O, K: R, N: I }, dW, 0);
    for (let o = 0; o < O; o++) {
      let sum = 0;
      for (let r = 0; r < R; r++) sum += dy[r * O + o];
      bias[o] = sum;
    }
  },

  wgsl: /* wgsl */ `
  let tilesI = (dims.I + 3u) / 4u;
  let o0 = (i / (tilesI + 1u)) * 4u;
  let i0 = (i % (tilesI + 1u)) * 4u;
  let o = min(vec4u(o0) + vec4u(0u, 1u, 2u, 3u), vec4u(dims.O - 1u));
  let c = min(vec4u(i0) + vec4u(0u, 1u, 2u, 3u), vec4u(dims.I - 1u));
  if (i0 >= dims.I) { // behind the last tile of weights: the bias
    var sum = vec4f(0.0);
    for (var r = 0u; r < dims.R; r++) {
      let at = r * dims.O;
      sum += vec4f(dy[at + o.x], dy[at + o.y], dy[at + o.z], dy[at + o.w]);
    }
    for (var t = 0u; t < 4u && o0 + t < dims.O; t++) { storeBias(o0 + t, sum[t]); }
    return;
  }
  var sums = array<vec4f, 4>();
  for (var r = 0u; r < dims.R; r++) {
    let at = r * dims.O;
    let start = r * dims.I;
    let row = vec4f(x[start + c.x], x[start + c.y], x[start + c.z], x[start + c.w]);
    sums[0] += dy[at + o.x] * row;
    sums[1] += dy[at + o.y] * row;
    sums[2] += dy[at + o.z] * row;
    sums[3] += dy[at + o.w] * row;
  }
  for (var t = 0u; t < 4u && o0 + t < dims.O; t++) {
    for (var u = 0u; u < 4u && i0 + u < dims.I; u++) {
      store((o0 + t) * dims.I + i0 + u, sums[t][u]);
    }
  }
`,
  wasm: linearGradientWasm,
});
