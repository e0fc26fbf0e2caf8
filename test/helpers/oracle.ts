/**
 * The oracle: every op spelled out a second time, as nested loops over plain numbers in double
 * precision, straight from what the op means. Not for speed, and it shares no code with the engine.
 */
import type { DType } from "../../src/index.ts";

/** Elements in row-major order; bool as 0 and 1. */
export interface Value {
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly data: readonly number[];
}

export const count = (shape: readonly number[]): number => shape.reduce((n, size) => n * size, 1);

/** Every index of a shape, in row-major order. */
export function indexList(shape: readonly number[]): number[][] {
  let all: number[][] = [[]];
  for (const size of shape)
    all = all.flatMap((index) => Array.from({ length: size }, (_, i) => [...index, i]));
  return all;
}

export const fill = (
  shape: readonly number[],
  dtype: DType,
  element: (index: number[]) => number,
): Value => ({ shape, dtype, data: indexList(shape).map(element) });

/** x[index], where axes of size 1 repeat and missing leading axes are skipped. */
export function at({ shape, data }: Value, index: readonly number[]): number {
  let flat = 0;
  const skipped = index.length - shape.length;
  for (const [axis, size] of shape.entries())
    flat = flat * size + (size === 1 ? 0 : index[skipped + axis]!);
  return data[flat]!;
}

export function broadcast(...shapes: (readonly number[])[]): number[] {
  const rank = Math.max(...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, axis) => {
    const sizes = shapes.map((shape) => shape[axis - rank + shape.length] ?? 1);
    return sizes.find((size) => size !== 1) ?? 1;
  });
}

/** erf by the series 2/√π · e^(−x²) · Σ 2ⁿ x^(2n+1) / (1·3·5·…), whose terms have one sign. */
function erf(x: number): number {
  if (Math.abs(x) > 6) return Math.sign(x);
  let [term, sum] = [x, x];
  for (let n = 1; Math.abs(term) > 1e-18 * Math.abs(sum); n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

type Scalar = (...operands: number[]) => number;
const truth = (x: boolean): number => (x ? 1 : 0);

/** What each elementwise op is, of real numbers. */
/** The bits of a float as they are in memory; all of a negative one are turned, of others the first. */
function orderedBits(x: number): number {
  const bits = new DataView(new ArrayBuffer(4));
  bits.setFloat32(0, x);
  const word = bits.getInt32(0);
  return word === -(2 ** 31) ? 2 ** 31 : (word < 0 ? ~word : word + 2 ** 31) >>> 0;
}

export const scalarOps: Readonly<Record<string, Scalar>> = {
  neg: (x) => -x!,
  abs: (x) => Math.abs(x!),
  sign: (x) => truth(x! > 0) - truth(x! < 0),
  floor: (x) => Math.floor(x!),
  orderedBits: (x) => orderedBits(x!),
  square: (x) => x! ** 2,
  reciprocal: (x) => 1 / x!,
  sqrt: (x) => x! ** 0.5,
  rsqrt: (x) => x! ** -0.5,
  exp: (x) => Math.exp(x!),
  log: (x) => Math.log(x!),
  log1p: (x) => Math.log1p(x!),
  expm1: (x) => Math.expm1(x!),
  sin: (x) => Math.sin(x!),
  cos: (x) => Math.cos(x!),
  tanh: (x) => Math.tanh(x!),
  erf: (x) => erf(x!),
  sigmoid: (x) => 1 / (1 + Math.exp(-x!)),
  relu: (x) => Math.max(x!, 0),
  softplus: (x) => (x! > 30 ? x! + Math.exp(-x!) : Math.log1p(Math.exp(x!))),
  not: (x) => 1 - x!,
  add: (x, y) => x! + y!,
  sub: (x, y) => x! - y!,
  mul: (x, y) => x! * y!,
  div: (x, y) => x! / y!,
  mod: (x, y) => x! % y!,
  maximum: (x, y) => Math.max(x!, y!),
  minimum: (x, y) => Math.min(x!, y!),
  pow: (x, y) => x! ** y!,
  atan2: (y, x) => Math.atan2(y!, x!),
  equal: (x, y) => truth(x === y),
  less: (x, y) => truth(x! < y!),
  lessEqual: (x, y) => truth(x! <= y!),
  greater: (x, y) => truth(x! > y!),
  greaterEqual: (x, y) => truth(x! >= y!),
  and: (x, y) => x! * y!,
  or: (x, y) => truth(x! + y! > 0),
  select: (condition, x, y) => (condition ? x! : y!),
};

/** 32-bit integers wrap around; products need more than 53 bits on the way. */
function integerOp(op: string, dtype: DType): Scalar {
  const wrap = (x: bigint) =>
    Number(dtype === "i32" ? BigInt.asIntN(32, x) : BigInt.asUintN(32, x));
  if (op === "mul") return (x, y) => wrap(BigInt(x!) * BigInt(y!));
  if (op === "div") return (x, y) => wrap(BigInt(x!) / BigInt(y!));
  if (op === "mod") return (x, y) => wrap(BigInt(x!) % BigInt(y!));
  return (...operands) => wrap(BigInt(scalarOps[op]!(...operands)));
}

/** `dtype` is that of the result, `from` that of the operands. */
export function elementwise(op: string, dtype: DType, inputs: readonly Value[]): Value {
  const isInteger = dtype === "i32" || dtype === "u32";
  const apply = isInteger ? integerOp(op, dtype) : scalarOps[op]!;
  const shape = broadcast(...inputs.map((x) => x.shape));
  return fill(shape, dtype, (index) => apply(...inputs.map((x) => at(x, index))));
}

/** Towards zero and clamped to the range; between integers the bits stay. */
export function cast(x: Value, to: DType): Value {
  const convert = (v: number): number => {
    if (to === "bool") return truth(v !== 0);
    if (to === "f32" || x.dtype === "bool") return v;
    const [low, high] = to === "i32" ? [-(2 ** 31), 2 ** 31 - 1] : [0, 2 ** 32 - 1];
    if (x.dtype === "f32") return Math.trunc(Math.min(Math.max(v, low!), high!));
    return Number(to === "i32" ? BigInt.asIntN(32, BigInt(v)) : BigInt.asUintN(32, BigInt(v)));
  };
  return { ...x, dtype: to, data: x.data.map(convert) };
}

const combines: Readonly<Record<string, { op: string; start: number }>> = {
  sum: { op: "add", start: 0 },
  prod: { op: "mul", start: 1 },
  max: { op: "maximum", start: Number.NEGATIVE_INFINITY },
  min: { op: "minimum", start: Number.POSITIVE_INFINITY },
};

export function reduce(op: string, x: Value, axes: readonly number[], keepAxes: boolean): Value {
  const { op: combine, start } = combines[op]!;
  const isInteger = x.dtype !== "f32" && (op === "sum" || op === "prod");
  const apply = isInteger ? integerOp(combine, x.dtype) : scalarOps[combine]!;
  const kept = x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
  const reducedShape = axes.map((axis) => x.shape[axis]!);
  const { data } = fill(kept, x.dtype, (index) => {
    let total = start;
    for (const inner of indexList(reducedShape)) {
      const full = [...index];
      for (const [which, axis] of axes.entries()) full[axis] = inner[which]!;
      total = apply(total, at(x, full));
    }
    return total;
  });
  const shape = keepAxes ? kept : x.shape.filter((_, axis) => !axes.includes(axis));
  return { shape, dtype: x.dtype, data };
}

export const reshape = (x: Value, shape: readonly number[]): Value => ({ ...x, shape });

export function permute(x: Value, axes: readonly number[]): Value {
  const shape = axes.map((axis) => x.shape[axis]!);
  return fill(shape, x.dtype, (index) => {
    const source = [...index];
    for (const [d, axis] of axes.entries()) source[axis] = index[d]!;
    return at(x, source);
  });
}

export const expand = (x: Value, shape: readonly number[]): Value =>
  fill(shape, x.dtype, (index) => at(x, index));

export type Range = [start: number, end: number, step: number];
export function slice(x: Value, ranges: readonly (Range | null)[]): Value {
  const picked = x.shape.map((size, axis) => {
    const [start, end, step] = ranges[axis] ?? [0, size, 1];
    const rows: number[] = [];
    for (let i = start; step > 0 ? i < end : i > end; i += step) rows.push(i);
    return rows;
  });
  const shape = picked.map(({ length }) => length);
  return fill(shape, x.dtype, (index) =>
    at(
      x,
      index.map((i, axis) => picked[axis]![i]!),
    ),
  );
}

export function pad(
  x: Value,
  widths: readonly (readonly [number, number])[],
  value: number,
): Value {
  const shape = x.shape.map((size, axis) => widths[axis]![0] + size + widths[axis]![1]);
  return fill(shape, x.dtype, (index) => {
    const source = index.map((i, axis) => i - widths[axis]![0]);
    return source.every((i, axis) => i >= 0 && i < x.shape[axis]!) ? at(x, source) : value;
  });
}

export function concat(parts: readonly Value[], axis: number): Value {
  const [first] = parts as [Value];
  const rows = parts.flatMap((part) =>
    Array.from({ length: part.shape[axis]! }, (_, row) => ({ part, row })),
  );
  const shape = first.shape.map((size, a) => (a === axis ? rows.length : size));
  return fill(shape, first.dtype, (index) => {
    const { part, row } = rows[index[axis]!]!;
    return at(part, index.with(axis, row));
  });
}

export function gather(x: Value, rows: Value): Value {
  const rank = rows.shape.length;
  return fill([...rows.shape, ...x.shape.slice(1)], x.dtype, (index) =>
    at(x, [at(rows, index.slice(0, rank)), ...index.slice(rank)]),
  );
}

export function argmax(x: Value, axis: number): Value {
  const shape = x.shape.filter((_, a) => a !== axis);
  return fill(shape, "i32", (index) => {
    let best = 0;
    const element = (i: number) => at(x, index.toSpliced(axis, 0, i));
    for (let i = 1; i < x.shape[axis]!; i++) if (element(i) > element(best)) best = i;
    return best;
  });
}

/** Sum, mean or extreme of the rows e of each segment s = target[e]. */
export function segmentReduce(
  op: string,
  x: Value,
  target: readonly number[],
  numSegments: number,
): Value {
  const largest: Record<string, [low: number, high: number]> = {
    f32: [-3.4028234663852886e38, 3.4028234663852886e38],
    i32: [-(2 ** 31), 2 ** 31 - 1],
    u32: [0, 2 ** 32 - 1],
  };
  const [low, high] = largest[x.dtype]!;
  return fill([numSegments, ...x.shape.slice(1)], x.dtype, ([segment, ...rest]) => {
    const rows = target.flatMap((s, row) => (s === segment ? [at(x, [row, ...rest])] : []));
    if (op === "segmentMax") return Math.max(...(rows.length > 0 ? rows : [low]));
    if (op === "segmentMin") return Math.min(...(rows.length > 0 ? rows : [high]));
    const sum =
      x.dtype === "f32"
        ? rows.reduce((a, b) => a + b, 0)
        : rows.reduce((a, b) => integerOp("add", x.dtype)(a, b), 0);
    return op === "segmentMean" ? sum / Math.max(1, rows.length) : sum;
  });
}

export const segmentSoftmax = (x: Value, target: readonly number[]): Value =>
  fill(x.shape, "f32", ([row, ...rest]) => {
    const others = target.flatMap((s, r) => (s === target[row!] ? [at(x, [r, ...rest])] : []));
    const weight = (v: number) => Math.exp(v - Math.max(...others));
    return weight(at(x, [row!, ...rest])) / others.map(weight).reduce((a, b) => a + b, 0);
  });

/** y[…, m, n] = Σ_k a[…, m, k] b[…, k, n]; axes before the last two broadcast. */
export function matmul(a: Value, b: Value): Value {
  const shape = [
    ...broadcast(a.shape.slice(0, -2), b.shape.slice(0, -2)),
    a.shape.at(-2)!,
    b.shape.at(-1)!,
  ];
  const inner = a.shape.at(-1)!;
  return fill(shape, "f32", (index) => {
    const [batch, m, n] = [index.slice(0, -2), index.at(-2)!, index.at(-1)!];
    let sum = 0;
    for (let k = 0; k < inner; k++) sum += element(a, batch, [m, k]) * element(b, batch, [k, n]);
    return sum;
  });
}

/** at(x, …) where only the axes before `matrix` broadcast. */
function element(x: Value, batch: readonly number[], matrix: readonly number[]): number {
  const skipped = batch.length - (x.shape.length - 2);
  let flat = 0;
  for (const [axis, size] of x.shape.slice(0, -2).entries())
    flat = flat * size + (size === 1 ? 0 : batch[skipped + axis]!);
  for (const [which, i] of matrix.entries()) flat = flat * x.shape.at(which - 2)! + i;
  return x.data[flat]!;
}

/** Applies `f` to every row along `axis`. */
export function alongAxis(x: Value, axis: number, f: (row: number[]) => number[]): Value {
  const data = [...x.data];
  const size = x.shape[axis]!;
  const inner = count(x.shape.slice(axis + 1));
  const outer = count(x.shape.slice(0, axis));
  for (let o = 0; o < outer; o++)
    for (let i = 0; i < inner; i++) {
      const places = Array.from({ length: size }, (_, s) => (o * size + s) * inner + i);
      const row = f(places.map((place) => x.data[place]!));
      for (const [s, place] of places.entries()) data[place] = row[s]!;
    }
  return { ...x, data };
}

export const softmax = (x: Value, axis: number): Value =>
  alongAxis(x, axis, (row) => {
    const greatest = Math.max(...row);
    const weights = row.map((v) => Math.exp(v - greatest));
    const total = weights.reduce((a, b) => a + b, 0);
    return weights.map((w) => w / total);
  });

/** Mean and 1/√(variance + ε) of a row. */
export function moments(row: readonly number[], epsilon: number): { mean: number; scale: number } {
  const mean = row.reduce((a, b) => a + b, 0) / row.length;
  const variance = row.reduce((a, b) => a + (b - mean) ** 2, 0) / row.length;
  return { mean, scale: (variance + epsilon) ** -0.5 };
}

export const layerNorm = (x: Value, weight: Value, bias: Value, epsilon: number): Value =>
  alongAxis(x, x.shape.length - 1, (row) => {
    const { mean, scale } = moments(row, epsilon);
    return row.map((v, f) => (v - mean) * scale * weight.data[f]! + bias.data[f]!);
  });

/** qkv [B, N, 3, H, D], mask [B, N] → [B, N, H, D] */
export function attention(qkv: Value, mask: Value): Value {
  const [batch, hits, , heads, width] = qkv.shape as [number, number, number, number, number];
  return fill([batch, hits, heads, width], "f32", (index) => {
    const [b, i, h, d] = index as [number, number, number, number];
    let [total, sum] = [0, 0];
    for (let j = 0; j < hits; j++) {
      if (at(mask, [b, j])) continue;
      let score = 0;
      for (let c = 0; c < width; c++) score += at(qkv, [b, i, 0, h, c]) * at(qkv, [b, j, 1, h, c]);
      const weight = Math.exp(score / Math.sqrt(width)); // tests keep scores far from overflow
      total += weight;
      sum += weight * at(qkv, [b, j, 2, h, d]);
    }
    return sum / total;
  });
}
