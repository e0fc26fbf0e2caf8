/** Random shapes, numbers and operands for property tests; fast-check shrinks them. */
import fc from "fast-check";
import type { DType, Tensor } from "../../src/index.ts";
import { randomFrom } from "../../src/testing/index.ts";
import * as oracle from "./oracle.ts";
import { leaf, moved, type Sample } from "./samples.ts";

export { randomFrom };
export type Gen = fc.GeneratorValue;
export type Shape = readonly number[];
/** Draws the next element. */
export type Draw = () => number;

const indexBelow = (n: number) => fc.nat({ max: n - 1 });
const anySize = () =>
  fc.oneof(
    { weight: 10, arbitrary: fc.integer({ min: 2, max: 5 }) },
    { weight: 4, arbitrary: fc.constant(1) },
    { weight: 1, arbitrary: fc.constant(0) },
  );

export const pick = <T>(g: Gen, choices: readonly T[]): T =>
  choices[g(indexBelow, choices.length)]!;
export const whole = (g: Gen, min: number, max: number): number => g(fc.integer, { min, max });
export const flag = (g: Gen): boolean => g(fc.boolean);
export const shape = (g: Gen, minRank = 0, maxRank = 4): number[] =>
  Array.from({ length: whole(g, minRank, maxRank) }, () => g(anySize));
/** The same without axes of size 0. */
export const filled = (g: Gen, minRank = 0, maxRank = 4): number[] =>
  shape(g, minRank, maxRank).map((n) => n || 1);

/** 0, 1, … n − 1 in random order. */
export function order(g: Gen, n: number): number[] {
  const rest = Array.from({ length: n }, (_, i) => i);
  return Array.from({ length: n }, () => rest.splice(g(indexBelow, rest.length), 1)[0]!);
}

/** Elements of [low, high] in a dtype; floats are f32 numbers, some of them round ones. */
export function draws(g: Gen, dtype: DType, [low, high]: readonly [number, number]): Draw {
  const random = randomFrom(g(fc.integer));
  const inside = () => low + random() * (high - low);
  if (dtype === "bool") return () => (random() < 0.5 ? 0 : 1);
  if (dtype === "f32")
    return () => {
      const kind = random();
      const x =
        kind < 0.7 ? inside() : kind < 0.9 ? Math.round(inside()) : random() < 0.5 ? low : high;
      return Math.fround(Math.min(high, Math.max(low, x)));
    };
  const [first, last] = [Math.ceil(dtype === "u32" ? Math.max(0, low) : low), Math.floor(high)];
  return () => first + Math.floor(random() * (last - first + 1));
}

/** Now and then the ends of an integer range, which overflow. */
export function withExtremes(g: Gen, dtype: DType, draw: Draw): Draw {
  if (dtype !== "i32" && dtype !== "u32") return draw;
  const random = randomFrom(g(fc.integer));
  const ends = dtype === "i32" ? [-(2 ** 31), 2 ** 31 - 1, -1] : [2 ** 32 - 1, 2 ** 31, 0];
  return () => (random() < 0.8 ? draw() : ends[Math.floor(random() * ends.length)]!);
}

export const stored = (shape: Shape, dtype: DType, draw: Draw): Sample =>
  leaf(oracle.fill(shape, dtype, draw));

const unexpanded = (g: Gen, shape: Shape): number[] =>
  shape.map((n) => (flag(g) ? 1 : n)).slice(whole(g, 0, shape.length));

/** A shape that broadcasts to `shape`. */
export const broadcastTo = (g: Gen, shape: Shape): number[] =>
  pick(g, [false, true]) ? unexpanded(g, shape) : [...shape];

type View = (g: Gen, shape: Shape, dtype: DType, draw: Draw, base: typeof operand) => Sample;

/** Ways to get a tensor of a shape by looking at another one. */
const views: Readonly<Record<string, View>> = {
  permute(g, shape, dtype, draw, base) {
    const axes = order(g, shape.length);
    const source: number[] = [];
    for (const [d, axis] of axes.entries()) source[axis] = shape[d]!;
    return moved(
      `permute[${axes}]`,
      [base(g, source, dtype, draw)],
      ([x]) => x!.permute(axes),
      ([x]) => oracle.permute(x!, axes),
    );
  },

  slice(g, shape, dtype, draw, base) {
    const ranges: (oracle.Range | null)[] = [];
    const source = shape.map((n, axis) => {
      const step = pick(g, [1, 2, -1, -2]);
      const [before, after] = [whole(g, 0, 2), whole(g, 0, 2)];
      const span = n === 0 ? 0 : (n - 1) * Math.abs(step) + 1;
      const [first, last] = [before, before + span - 1];
      ranges[axis] = step > 0 ? [first, last + 1, step] : [last, first - 1, step];
      if (n === 0) ranges[axis] = [before, before, step];
      return before + span + after;
    });
    return moved(
      `slice${JSON.stringify(ranges)}`,
      [base(g, source, dtype, draw)],
      ([x]) => x!.slice(ranges),
      ([x]) => oracle.slice(x!, ranges),
    );
  },

  expand(g, shape, dtype, draw, base) {
    return moved(
      `expand[${shape}]`,
      [base(g, unexpanded(g, shape), dtype, draw)],
      ([x]) => x!.expand(shape),
      ([x]) => oracle.expand(x!, shape),
    );
  },

  pad(g, shape, dtype, draw, base) {
    const value = draw();
    const widths = shape.map((n): [number, number] => {
      const before = whole(g, 0, n);
      return [before, whole(g, 0, n - before)];
    });
    const source = shape.map((n, axis) => n - widths[axis]![0] - widths[axis]![1]);
    return moved(
      `pad${JSON.stringify(widths)}`,
      [base(g, source, dtype, draw)],
      ([x]) => x!.pad(widths, value),
      ([x], isError) => oracle.pad(x!, widths, isError ? 0 : value),
    );
  },

  reshape(g, shape, dtype, draw, base) {
    return moved(
      `reshape[${shape}]`,
      [base(g, regrouped(g, shape), dtype, draw)],
      ([x]) => x!.reshape(shape),
      ([x]) => oracle.reshape(x!, shape),
    );
  },

  /** Not a view, but what separates a view from memory: the value is computed where it is read. */
  double(g, shape, dtype, draw, base) {
    const same = base(g, shape, dtype, draw);
    const isNumber = dtype !== "bool";
    return moved(
      isNumber ? "maximum" : "or",
      [same],
      ([x]) => (isNumber ? x!.maximum(x!) : x!.or(x!)),
      ([x]) => x!,
    );
  },
};

/** Another shape of as many elements: axes merged, or new ones of size 1. */
function regrouped(g: Gen, shape: Shape): number[] {
  const axis = whole(g, 0, Math.max(0, shape.length - 1));
  const merged = [
    ...shape.slice(0, axis),
    oracle.count(shape.slice(axis, axis + 2)),
    ...shape.slice(axis + 2),
  ];
  return pick(g, [
    [oracle.count(shape)],
    merged,
    [...shape.slice(0, axis), 1, ...shape.slice(axis)],
  ]);
}

/** A tensor of this shape: in memory, or up to three steps away from it. */
export function operand(g: Gen, shape: Shape, dtype: DType, draw: Draw, steps = 3): Sample {
  const kind = pick(g, ["stored", "stored", ...Object.keys(views)]);
  const view = steps > 0 && shape.length <= 4 ? views[kind] : undefined;
  const base: typeof operand = (...args) => operand(args[0], args[1], args[2], args[3], steps - 1);
  return view ? view(g, shape, dtype, draw, base) : stored(shape, dtype, draw);
}

export const viewNames = Object.keys(views);
/** A sample that is certainly of this kind of view. */
export const viewOf = (name: string, g: Gen, shape: Shape, dtype: DType, draw: Draw): Sample =>
  views[name]!(g, shape, dtype, draw, operand);

/** Rows for `gather`, all below `rows`. */
export function rowNumbers(g: Gen, shape: Shape, rows: number): Sample {
  const dtype = pick(g, ["u32", "i32"] as const);
  return operand(g, shape, dtype, draws(g, dtype, [0, rows - 1]));
}

export type Build = (inputs: Tensor[]) => Tensor;
