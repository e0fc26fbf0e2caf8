/** Scores of queries and keys, and which pairs count, from primitives: what compositions of attention share. */

import { range } from "../create.ts";
import type { Expr } from "../expr.ts";
import { record, Tensor } from "../tensor.ts";
import { matmul } from "./contraction.ts";

export interface Pairs {
  /** Per head: f32 [B, H, M, D] and twice [B, H, N, D]. */
  q: Tensor;
  k: Tensor;
  v: Tensor;
  scale: number;
  /** scale · q_i · k_j + bias_ij, f32 [B, H, M, N]. */
  scores: Tensor;
  /** Replaces what belongs to keys that the query does not see. */
  hide: (x: Tensor, fill: number) => Tensor;
  /** Dropout: 0 or 1 / (1 − p) times x. */
  keep: (x: Tensor) => Tensor;
  /** The inputs after those of attention itself. */
  rest: Tensor[];
}

/** `expr` has the attributes and the numbers: scale, p, the key of the generator in halves, its draw. */
export function pairsOf(inputs: readonly Expr[], expr: Expr, isPacked: boolean): Pairs {
  const { attrs, values } = expr;
  const given = inputs.map((input) => new Tensor(input)).values();
  const next = () => given.next().value as Tensor;
  const [q, k, v] = isPacked
    ? unpack(next())
    : [next(), next(), next()].map((x) => x.permute([0, 2, 1, 3]));
  const [batch, heads, numQueries, numKeys] = [...q.shape.slice(0, 3), k.shape[2]];
  const mask = attrs.hasMask ? next().reshape([batch, 1, 1, numKeys]) : null;
  const bias = attrs.hasBias ? next() : null;
  const apart = attrs.hasEvents ? inOtherEvents(next(), numKeys) : null;
  const [scale, dropped] = values;
  const products = matmul(q, k, { transposeB: true }).mul(scale);
  const hidden = mask && apart ? mask.or(apart) : (mask ?? apart);
  return {
    ...{ q, k, v, scale },
    scores: bias ? products.add(bias) : products,
    hide: (x, fill) => (hidden ? hidden.select(fill, x) : x),
    keep: (x) =>
      attrs.hasDropout
        ? isKept([batch, heads, numQueries, numKeys], values).select(x.mul(1 / (1 - dropped)), 0)
        : x,
    rest: [...given],
  };
}

/** Queries, keys and values per head, f32 [B, H, N, D], of packed ones. */
export function unpack(packed: Tensor): [q: Tensor, k: Tensor, v: Tensor] {
  const [batch, numTokens, , heads, width] = packed.shape;
  const byHead = packed.permute([2, 0, 3, 1, 4]); // [3, B, H, N, D]
  const part = (which: number) =>
    byHead.slice([[which, which + 1]]).reshape([batch, heads, numTokens, width]);
  return [part(0), part(1), part(2)];
}

/** Whether two rows are of different events, bool [R, R]: events with offsets u32 [S+1]. */
function inOtherEvents(offsets: Tensor, numRows: number): Tensor {
  const begins = offsets.cast("i32").reshape([1, -1]); // of rows before the last of these
  const event = range(numRows).reshape([-1, 1]).greaterEqual(begins).cast("i32").sum({ axes: 1 });
  return event
    .reshape([-1, 1])
    .equal(event.reshape([1, -1]))
    .not();
}

/** The same draw as `rng.uniform(shape)`, at least p. */
function isKept(shape: readonly number[], values: readonly number[]): Tensor {
  const [, dropped, low0, high0, low1, high1, draw] = values;
  const words = [low0 + 65536 * high0, low1 + 65536 * high1, draw, 0];
  const size = shape.reduce((product, n) => product * n, 1);
  const bits = record("randomBits", [], [size], "u32", { values: words }).reshape(shape);
  return bits
    .div(256)
    .cast("f32")
    .mul(2 ** -24)
    .greaterEqual(dropped);
}
