/**
 * Products of matrices in plain loops, fast enough to compute with: four rows of a meet four columns of
 * b at a time, so that each loaded number serves four products, out of panels that lie in the order
 * of use. Sums are kept in double precision and rounded once.
 */
import type { HostArray } from "../src/engine/dtype.ts";

/** Element (row, column) is `data[start + row · down + column · right]`. */
export interface Matrix {
  data: HostArray;
  start: number;
  down: number;
  right: number;
}

export interface ProductSizes {
  M: number;
  K: number;
  N: number;
}

/** y[m, n] = Σ_k a[m, k] · b[k, n], row-major from `start` on. */
export function multiply(
  a: Matrix,
  b: Matrix,
  { M, K, N }: ProductSizes,
  y: HostArray,
  start: number,
): void {
  const turned = { ...b, down: b.right, right: b.down };
  const columns = Array.from({ length: Math.ceil(N / 4) }, (_, n) => panel(turned, 4 * n, N, K));
  const tile = new Float64Array(16);
  for (let m = 0; m < M; m += 4) {
    const rows = panel(a, m, M, K);
    for (let n = 0; n < N; n += 4) {
      multiplyPanels(rows, columns[n / 4], tile);
      for (let i = 0; i < Math.min(4, M - m); i++)
        for (let j = 0; j < Math.min(4, N - n); j++)
          y[start + (m + i) * N + n + j] = tile[4 * i + j];
    }
  }
}

/** Rows first … first + 3 of a matrix, column by column; zeros where it has no row. */
function panel({ data, start, down, right }: Matrix, first: number, end: number, K: number) {
  const packed = new Float64Array(4 * K);
  for (let j = 0; j < Math.min(4, end - first); j++) {
    const row = start + (first + j) * down;
    for (let k = 0; k < K; k++) packed[4 * k + j] = data[row + k * right];
  }
  return packed;
}

/** tile[i, j] = Σ_k rows[k, i] · columns[k, j], in sixteen variables that stay in registers. */
function multiplyPanels(rows: Float64Array, columns: Float64Array, tile: Float64Array): void {
  let [y00, y01, y02, y03, y10, y11, y12, y13] = [0, 0, 0, 0, 0, 0, 0, 0];
  let [y20, y21, y22, y23, y30, y31, y32, y33] = [0, 0, 0, 0, 0, 0, 0, 0];
  for (let at = 0; at < rows.length; at += 4) {
    const [b0, b1, b2, b3] = [columns[at], columns[at + 1], columns[at + 2], columns[at + 3]];
    const a0 = rows[at];
    y00 += a0 * b0;
    y01 += a0 * b1;
    y02 += a0 * b2;
    y03 += a0 * b3;
    const a1 = rows[at + 1];
    y10 += a1 * b0;
    y11 += a1 * b1;
    y12 += a1 * b2;
    y13 += a1 * b3;
    const a2 = rows[at + 2];
    y20 += a2 * b0;
    y21 += a2 * b1;
    y22 += a2 * b2;
    y23 += a2 * b3;
    const a3 = rows[at + 3];
    y30 += a3 * b0;
    y31 += a3 * b1;
    y32 += a3 * b2;
    y33 += a3 * b3;
  }
  tile.set([y00, y01, y02, y03, y10, y11, y12, y13, y20, y21, y22, y23, y30, y31, y32, y33]);
}
