import type { Attrs } from "../src/engine/expr.ts";
import { defineKernel, type KernelSpec, type KernelVariant } from "../src/engine/kernel.ts";
import { multiply } from "./registerTiles.ts";
import { matmulWasm } from "./wasm/matmul.ts";
import { type TiledProduct, tileBytes, tiledBody, tiledShared, tilesOf } from "./workgroupTiles.ts";

/** Element distances in a matrix of so many columns, or in its transpose of so many rows. */
const steps = (columns: number, rows: number, isTransposed: unknown) =>
  isTransposed ? { down: 1, right: rows } : { down: columns, right: 1 };

/** Whole workgroups per tile of so many rows, for GPUs. */
function byWorkgroups(name: string, rows: 64 | 128, suits: KernelVariant["suits"]): KernelVariant {
  const product = ({ transposeA, transposeB }: Attrs): TiledProduct => ({
    rows,
    ...{ a: "a", b: "b", m: "dims.M", n: "dims.N", k: "dims.K" },
    transposeA: transposeA === true,
    transposeB: transposeB === true,
    starts: {
      a: "batch * dims.M * dims.K",
      b: "(batch % dims.C) * dims.K * dims.N",
      y: "batch * dims.M * dims.N",
    },
  });
  return {
    name,
    suits,
    workgroupSize: 256,
    workgroups: ({ B, M, N }) => B * tilesOf(rows, { M, N }),
    sharedBytes: tileBytes(rows),
    shared: (attrs) => tiledShared(product(attrs)),
    wgsl: (attrs) => tiledBody(product(attrs)),
  };
}

/**
 * matmul: one product of matrices per batch entry.
 *
 *   y[b, m, n] = Σ_k a[b, m, k] · b[c, k, n]      c = b mod C, so C = 1 shares one b
 *
 * With `transposeA` or `transposeB` that operand lies with its last two axes swapped.
 * GPUs compute it by workgroups: tiles of 64 × 64 results, or of 128 × 64 where there are thousands of
 * rows. Else one invocation owns a tile of 4 × 4 results in registers: each loaded number serves four
 * products, and no workgroup memory is needed, which software adapters are slow at.
 * Edge tiles read the last row or column again and do not store it.
 *
 * Backward: da = dy · bᵀ, db = aᵀ · dy.
 */
export const matmul: KernelSpec = defineKernel({
  name: "matmul",
  inputs: ({ transposeA, transposeB }) => ({
    a: transposeA ? "f32 [B, K, M]" : "f32 [B, M, K]",
    b: transposeB ? "f32 [C, N, K]" : "f32 [C, K, N]",
  }),
  output: "f32 [B, M, N]",
  finishes: true,
  rows: ({ C }) => (C === 1 ? ["B", "M"] : ["M"]),
  variants: [
    byWorkgroups("tall", 128, ({ M, N, K }) => M >= 8192 && N >= 33 && K >= 16),
    byWorkgroups("square", 64, ({ M, N, K }) => M >= 33 && N >= 33 && K >= 16),
  ],
  threads: ({ B, M, N }) => B * Math.ceil(M / 4) * Math.ceil(N / 4),

  reference([a, b], y, { B, C, M, K, N }, { transposeA, transposeB }) {
    const [aSteps, bSteps] = [steps(K, M, transposeA), steps(N, K, transposeB)];
    for (let batch = 0; batch < B; batch++) {
      const left = { data: a, start: batch * M * K, ...aSteps };
      const right = { data: b, start: (batch % C) * K * N, ...bSteps };
      multiply(left, right, { M, K, N }, y, batch * M * N);
    }
  },

  wgsl: ({ transposeA, transposeB }) => {
    const four = [0, 1, 2, 3];
    const aAt = transposeA ? "aStart + k * dims.M + m" : "aStart + m * dims.K + k";
    const bAt = transposeB ? "bStart + n * dims.K + k" : "bStart + k * dims.N + n";
    return /* wgsl */ `
  let tilesN = (dims.N + 3u) / 4u;
  let tilesM = (dims.M + 3u) / 4u;
  let n0 = (i % tilesN) * 4u;
  let m0 = ((i / tilesN) % tilesM) * 4u;
  let batch = i / (tilesN * tilesM);
  let aStart = batch * dims.M * dims.K;
  let bStart = (batch % dims.C) * dims.K * dims.N;
  let lastM = dims.M - 1u;
  let lastN = dims.N - 1u;
${four.map((t) => `  let m${t}c = min(m0 + ${t}u, lastM); let n${t}c = min(n0 + ${t}u, lastN);`).join("\n")}
${four.map((t) => `  var y${t} = vec4f(0.0);`).join("\n")}
  for (var k = 0u; k < dims.K; k++) {
    let row = vec4f(${four.map((t) => `b[${bAt.replace(/\bn\b/, `n${t}c`)}]`).join(", ")});
${four.map((t) => `    y${t} += a[${aAt.replace(/\bm\b/, `m${t}c`)}] * row;`).join("\n")}
  }
  let yStart = batch * dims.M * dims.N + n0;
${four
  .map(
    (t) => `  if (m0 + ${t}u <= lastM) {
    let at = yStart + (m0 + ${t}u) * dims.N;
${four.map((u) => `    if (n0 + ${u}u <= lastN) { store(at + ${u}u, y${t}[${u}]); }`).join("\n")}
  }`,
  )
  .join("\n")}
`;
  },

  wasm: matmulWasm,
});
