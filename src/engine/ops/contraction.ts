import { defineComposite } from "../composite.ts";
import { expectDType } from "../dtype.ts";
import { ShapeError } from "../errors.ts";
import { broadcastShapes, showShape, sizeOf } from "../shape.ts";
import { Tensor, wrap } from "../tensor.ts";

export interface MatmulOptions {
  /** Use a, or b, with its last two axes swapped. */
  transposeA?: boolean;
  transposeB?: boolean;
}

/**
 * y[b, m, n] = Σ_k a[b, m, k] · b[c, k, n]   with c = b, or 0 where b has one matrix for all
 *
 * f32, three axes each; the flags say which operands lie transposed in memory.
 */
const batchedMatmul = defineComposite({
  name: "matmul",
  shape: ([a, b], { transposeA, transposeB }) => [
    a.shape[0],
    a.shape[transposeA ? 2 : 1],
    b.shape[transposeB ? 1 : 2],
  ],
  compose: ([a, b], { attrs }) => {
    const x = new Tensor(a).permute(attrs.transposeA ? [0, 2, 1] : [0, 1, 2]); // [B, M, K]
    const y = new Tensor(b).permute(attrs.transposeB ? [0, 1, 2] : [0, 2, 1]); // [C, N, K]
    const [batch, m, k] = x.shape;
    const [c, n] = y.shape;
    const products = x.reshape([batch, m, 1, k]).mul(y.reshape([c, 1, n, k]));
    return products.sum({ axes: 3 }).expr;
  },

  // With A, B as they are multiplied: dA = dY Bᵀ and dB = Aᵀ dY, summed over the batch entries that share B.
  grad: (dy, [a, b], _y, { attrs }) => {
    const { transposeA, transposeB } = attrs;
    const da = product(dy, b, { transposeA: false, transposeB: !transposeB }); // [B, M, K]
    const isShared = b.shape[0] !== a.shape[0] || a.shape[0] === 1;
    const rows = (x: Tensor) => x.reshape([1, x.shape[0] * x.shape[1], x.shape[2]]);
    const inner = transposeA ? a.permute([0, 2, 1]) : a; // [B, M, K]
    const [left, right] = isShared ? [rows(inner), rows(dy)] : [inner, dy];
    const flags = { transposeA: true, transposeB: false };
    const db = transposeB ? product(right, left, flags) : product(left, right, flags);
    return [transposeA ? da.permute([0, 2, 1]) : da, db];
  },
});

const product = (a: Tensor, b: Tensor, attrs: { transposeA: boolean; transposeB: boolean }) =>
  wrap(batchedMatmul([a.expr, b.expr], attrs), [a, b]);

/**
 * Matrix product over the last two axes; axes before them broadcast.
 *
 *   a f32 […, M, K] · b f32 […, K, N] → f32 […, M, N]
 */
export function matmul(a: Tensor, b: Tensor, options: MatmulOptions = {}): Tensor {
  const { transposeA = false, transposeB = false } = options;
  expectDType("matmul(a)", a.dtype, ["f32"]);
  expectDType("matmul(b)", b.dtype, ["f32"]);
  const inner = [a.shape.at(transposeA ? -2 : -1), b.shape.at(transposeB ? -1 : -2)];
  if (a.rank < 2 || b.rank < 2 || inner[0] !== inner[1])
    throw new ShapeError(
      `matmul: expected […, M, K] and […, K, N], got ${showShape(a.shape)}${transposeA ? "ᵀ" : ""} and ${showShape(b.shape)}${transposeB ? "ᵀ" : ""}`,
    );
  const attrs = { transposeA, transposeB };

  // One matrix for all rows of a: a single product with more rows. Reshaped by way of two axes, so that
  // a batch of one event, which has the product's shape already, is of the same structure as others.
  if (b.rank === 2 && !transposeA) {
    const [m, k] = [sizeOf(a.shape.slice(0, -1)), a.shape[a.rank - 1]];
    const n = b.shape[transposeB ? 0 : 1];
    const rows = a.reshape([m, k]).reshape([1, m, k]);
    const result = product(rows, b.reshape([1, ...b.shape]), attrs);
    return result.reshape([m, n]).reshape([...a.shape.slice(0, -1), n]);
  }
  const batch = broadcastShapes("matmul", a.shape.slice(0, -2), b.shape.slice(0, -2));
  const [x, y] = [a, b].map((t) =>
    t.expand([...batch, ...t.shape.slice(-2)]).reshape([sizeOf(batch), ...t.shape.slice(-2)]),
  );
  const result = product(x, y, attrs);
  return result.reshape([...batch, ...result.shape.slice(1)]);
}
