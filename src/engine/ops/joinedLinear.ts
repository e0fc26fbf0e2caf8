/**
 * Affine maps of rows that are put together from others.
 *
 * A layer on edges starts from [x_i | x_j | h]: rows of a node array, repeated per edge. Its product
 * with a matrix is the sum of the products with blocks of columns, and a product of repeated rows is a
 * repeated product, so that each node is multiplied once, however many edges it has:
 *
 *   [x_i | x_j | h] Wᵀ = (x W_sᵀ)_i + (x W_tᵀ)_j + h W_hᵀ
 *
 * Nothing of the size of the concatenation is stored, forward or backward.
 */
import { defineComposite } from "../composite.ts";
import type { Attrs, Expr } from "../expr.ts";
import { concat, gather } from "../rows.ts";
import { scatterAdd } from "../segments.ts";
import { Tensor, wrap } from "../tensor.ts";
import { matmul } from "./contraction.ts";
import { parameterGradients } from "./linearGradient.ts";

/** Columns of the input: rows of x by index, or (without `rows`) those of x itself. */
export interface Part {
  x: Tensor;
  rows: Tensor | null;
}

/** y = concat(parts) · weightᵀ + bias. Inputs: weight, bias, per part x, or x and rows if `gathered`. */
const joined = defineComposite({
  name: "joinedLinear",
  shape: ([weight, , ...operands], { gathered }) => {
    const [first, rows] = operands;
    return [((gathered as number[])[0] ? rows : first).shape[0], weight.shape[0]];
  },
  compose: ([weight, bias, ...operands], { attrs }) => {
    const parts = partsOf(operands, attrs).map(({ x, rows }) => (rows ? gather(x, rows) : x));
    const product = matmul(concat(parts), new Tensor(weight), { transposeB: true });
    return product.add(new Tensor(bias)).expr;
  },
  rewrite: {
    because: "rows are multiplied before they are repeated",
    to: ([weight, bias, ...operands], { attrs }) => {
      const parts = partsOf(operands, attrs);
      const blocks = columnsOf(new Tensor(weight), parts);
      const terms = parts.map(({ x, rows }, which) => {
        const product = matmul(x, blocks[which], { transposeB: true });
        return rows ? gather(product, rows) : product;
      });
      return terms.reduceRight((sum, term) => sum.add(term)).add(new Tensor(bias)).expr;
    },
  },

  grad: (dy, [weight, , ...operands], _y, { attrs }) => {
    const parts = partsOf(
      operands.map(({ expr }) => expr),
      attrs,
    );
    const blocks = columnsOf(weight, parts);
    let dBias: Tensor | null = null;
    const found = parts.map(({ x, rows }, which) => {
      const slope = rows ? scatterAdd(dy, rows, x.shape[0]) : dy; // [rows of x, outputs]
      const dInputs = [matmul(slope, blocks[which]), ...(rows ? [null] : [])];
      if (rows) return { dBlock: matmul(slope, x, { transposeA: true }), dInputs };
      const ofOwn = parameterGradients(dy, x);
      dBias ??= ofOwn.dBias; // each part has the same
      return { dBlock: ofOwn.dWeight, dInputs };
    });
    const dWeight = concat(found.map(({ dBlock }) => dBlock));
    return [dWeight, dBias ?? dy.sum({ axes: 0 }), ...found.flatMap(({ dInputs }) => dInputs)];
  },
});

export function partsOf(operands: readonly Expr[], { gathered }: Attrs): Part[] {
  const rest = operands.map((expr) => new Tensor(expr));
  return (gathered as number[]).map((isGathered) => ({
    x: rest.shift() as Tensor,
    rows: isGathered ? (rest.shift() as Tensor) : null,
  }));
}

/** The block of columns of the weight that each part is multiplied with. */
function columnsOf(weight: Tensor, parts: readonly Part[]): Tensor[] {
  let end = 0;
  return parts.map(({ x }) => {
    const first = end;
    end += x.shape[1];
    return block(weight, first, end);
  });
}

const blocks = new WeakMap<Expr, Map<string, Expr>>();

/** Columns first … end − 1; asked for again, they are the same expression, computed once. */
function block(weight: Tensor, first: number, end: number): Tensor {
  const known = blocks.get(weight.expr) ?? new Map<string, Expr>();
  blocks.set(weight.expr, known);
  const key = `${first} ${end}`;
  const expr = known.get(key) ?? weight.slice([null, [first, end]]).expr;
  known.set(key, expr);
  return wrap(expr, [weight]);
}

/** What a concatenation of columns consists of; of another tensor, that itself. */
export function joinedParts(x: Tensor): Part[] {
  return piecesOf(x.expr).map((expr): Part => {
    const [source, rows] = isRepeated(expr) ? expr.inputs : [expr, null];
    return { x: new Tensor(source, x.device), rows: rows && new Tensor(rows, x.device) };
  });
}

function piecesOf(expr: Expr): Expr[] {
  const { op, attrs, shape, storage } = expr;
  const isJoined = op === "concat" && attrs.axis === 1 && shape.length === 2 && !storage;
  return isJoined ? expr.inputs.flatMap(piecesOf) : [expr];
}

const isRepeated = ({ op, inputs: [x, rows], storage }: Expr): boolean =>
  op === "gather" && !storage && x.shape.length === 2 && rows.shape.length === 1;

/** The affine map of x where that is a concatenation with gathered rows in it, else null. */
export function joinedLinear(x: Tensor, weight: Tensor, bias: Tensor): Tensor | null {
  const parts = joinedParts(x);
  if (x.rank !== 2 || parts.every(({ rows }) => rows === null)) return null;
  const operands = parts.flatMap(({ x, rows }) => (rows ? [x, rows] : [x]));
  const inputs = [weight, bias, ...operands];
  const gathered = parts.map(({ rows }) => Number(rows !== null));
  return wrap(
    joined(
      inputs.map(({ expr }) => expr),
      { gathered },
    ),
    inputs,
  );
}
