/**
 * What the kernels of attention share: how queries, keys and values lie in memory, which keys a query
 * sees, and the score and the dropout of a pair; as functions in plain loops, and as WGSL.
 *
 * Rows are tokens of all events, one event after the other; `numbers` decide the dropout: bit for bit
 * the numbers of `rng.uniform([B, H, M, N])`, drawn again wherever they are needed.
 */
import { jsMath } from "../src/engine/codegen/math.ts";
import type { HostArray } from "../src/engine/dtype.ts";
import type { Attrs } from "../src/engine/expr.ts";
import type { Dims } from "../src/engine/kernel.ts";
import type { RowsOf } from "./attentionBlocks.ts";

/** Run-time numbers: keys of the generator in halves, which f32 holds exactly. */
export const attentionNumbers = [
  ...["scale", "dropped"], // factor of products of queries and keys; probability of dropping
  ...["key0Low", "key0High", "key1Low", "key1High", "draw"],
] as const;

/** Signatures of queries, keys and values, and of what the attributes say there is. */
export function attentionInputs(isPacked: boolean, attrs: Attrs): Record<string, string> {
  return {
    ...(isPacked
      ? { qkv: "f32 [B, N, 3, H, D]" }
      : { q: "f32 [B, M, H, D]", k: "f32 [B, N, H, D]", v: "f32 [B, N, H, D]" }),
    ...(attrs.hasMask ? { mask: "bool [B, N]" } : {}),
    ...(attrs.hasBias ? { bias: "f32 [X, Y, M, N]" } : {}),
    ...(attrs.hasEvents ? { offsets: "u32 [S+1]" } : {}),
  };
}

type Which = 0 | 1 | 2; // query, key, value

/** Tokens of all events, as plain loops see them. `rest` are the inputs after those of `attentionInputs`. */
export function attentionPairs(
  inputs: readonly HostArray[],
  dims: Dims,
  { isPacked, attrs }: { isPacked: boolean; attrs: Attrs },
) {
  const { H, D, N, M = N, X, Y, S, scale, dropped } = dims;
  const given = inputs.values();
  const next = () => given.next().value as HostArray;
  const tensors = isPacked ? [next()] : [next(), next(), next()];
  const data = (which: Which) => tensors[isPacked ? 0 : which];
  const start = (which: Which, row: number, h: number) =>
    (isPacked ? (row * 3 + which) * H + h : row * H + h) * D;
  const mask = attrs.hasMask ? next() : null;
  const bias = attrs.hasBias ? next() : null;
  const offsets = attrs.hasEvents ? next() : null;
  const [key0, key1] = [0, 1].map(
    (word) => (dims[`key${word}Low`] + 65536 * dims[`key${word}High`]) >>> 0,
  );
  /** Position of a pair among all of [B, H, M, N]. */
  const pair = (query: number, key: number, h: number, heads: number, events: number) => {
    const b = Math.floor(query / M);
    return (((b % events) * heads + (h % heads)) * M + (query % M)) * N + (key % N);
  };
  const eventOf = (row: number) => {
    let event = 0;
    while (event + 1 < S && (offsets as HostArray)[event + 1] <= row) event++;
    return event;
  };
  const rowsBeside = (row: number, own: number, other: number): [first: number, end: number] => {
    if (offsets) return [offsets[eventOf(row)], offsets[eventOf(row) + 1]];
    const b = Math.floor(row / own);
    return [b * other, (b + 1) * other];
  };
  return {
    data,
    start,
    rest: [...given],
    isHidden: (key: number): boolean => mask !== null && mask[key] !== 0,
    keysOf: (query: number) => rowsBeside(query, M, N),
    queriesOf: (key: number) => rowsBeside(key, N, M),
    score(query: number, key: number, h: number): number {
      const product = dot(data(0), start(0, query, h), data(1), start(1, key, h), D) * scale;
      return bias ? product + bias[pair(query, key, h, Y, X)] : product;
    },
    /** 0 for a dropped pair, else what makes up for the dropped ones. */
    kept(query: number, key: number, h: number): number {
      if (!attrs.hasDropout) return 1;
      const element = pair(query, key, h, H, dims.B) >>> 0;
      const bits = jsMath.philox(key0, key1, dims.draw, 0, element);
      return Math.floor(bits / 256) * 2 ** -24 >= dropped ? 1 / (1 - dropped) : 0;
    },
  };
}

export function dot(a: HostArray, atA: number, b: HostArray, atB: number, length: number): number {
  let sum = 0;
  for (let d = 0; d < length; d++) sum += a[atA + d] * b[atB + d];
  return sum;
}

/** The same as WGSL: expressions and statements in terms of rows and head `h`. */
export function attentionCode(isPacked: boolean, attrs: Attrs) {
  const [numQueries, numKeys] = [isPacked ? "dims.N" : "dims.M", "dims.N"];
  const names = isPacked ? ["qkv", "qkv", "qkv"] : ["q", "k", "v"];
  const start = (which: Which, row: string) =>
    isPacked ? `((${row} * 3u + ${which}u) * dims.H + h) * width` : `(${row} * dims.H + h) * width`;
  const side = (which: Which): RowsOf => ({
    array: names[which],
    start: (row) => start(which, row),
  });
  const pair = (query: string, key: string, heads: string, events: string) =>
    `((((${query}) / ${numQueries}) % ${events} * ${heads} + h % ${heads}) * ${numQueries} + (${query}) % ${numQueries}) * ${numKeys} + (${key}) % ${numKeys}`;
  return {
    start,
    element: (which: Which, at: string) => `${names[which]}[${at} + d]`,
    sides: [side(0), side(1), side(2)] as const,
    numQueries,
    numKeys,
    isVisible: (key: string) => (attrs.hasMask ? `mask[${key}] == 0u` : "true"),
    biased: (product: string, query: string, key: string) =>
      attrs.hasBias ? `${product} + ${biasOf(query, key)}` : product,
    biasOf,
    /** Declares what `kept` needs. */
    keys: attrs.hasDropout
      ? `
  let key0 = u32(dims.key0Low) + (u32(dims.key0High) << 16u);
  let key1 = u32(dims.key1Low) + (u32(dims.key1High) << 16u);
  let makeUp = 1.0 / (1.0 - dims.dropped);`
      : "",
    /** 0 for a dropped pair, else what makes up for the dropped ones. */
    kept: (query: string, key: string) => {
      if (!attrs.hasDropout) return "1.0";
      const bits = `tgPhilox(key0, key1, u32(dims.draw), 0u, ${pair(query, key, "dims.H", "dims.B")})`;
      return `select(0.0, makeUp, f32(${bits} / 256u) * 5.9604645e-8 >= dims.dropped)`; // · 2⁻²⁴
    },
  };

  function biasOf(query: string, key: string): string {
    return `bias[${pair(query, key, "dims.Y", "dims.X")}]`;
  }
}

/** Declares `event`: the last that does not begin after the row. */
export const eventOf = (row: string): string => `
  var event = 0u;
  for (var after = dims.S; after - event > 1u;) {
    let middle = (event + after) / 2u;
    if (offsets[middle] <= ${row}) { event = middle; } else { after = middle; }
  }
`;
