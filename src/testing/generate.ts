/** Random inputs for property tests. The same stream of numbers gives the same inputs. */

import { tensor } from "../engine/create.ts";
import type { DType } from "../engine/dtype.ts";
import { type Shape, sizeOf } from "../engine/shape.ts";
import type { Tensor } from "../engine/tensor.ts";
import { chance, oneOf, type Random, whole } from "./random.ts";

export interface ShapeOptions {
  /** How many axes. Default 0…3. */
  minRank?: number;
  maxRank?: number;
  /** Greatest size of an axis. Default 4. */
  maxSize?: number;
  /** Whether sizes of 0 may occur. Default true. */
  canBeEmpty?: boolean;
}

/** Sizes of 2…maxSize; one in five is 1, one in twenty is 0. */
export function randomShape(
  random: Random,
  { minRank = 0, maxRank = 3, maxSize = 4, canBeEmpty = true }: ShapeOptions = {},
): number[] {
  return Array.from({ length: whole(random, minRank, maxRank) }, () => {
    if (chance(random, 0.05) && canBeEmpty) return 0;
    return maxSize < 2 || chance(random, 0.2) ? 1 : whole(random, 2, maxSize);
  });
}

/** A shape that broadcasts to `shape`: some sizes replaced by 1, some leading axes left out. */
export function broadcastingShape(random: Random, shape: Shape): number[] {
  const sizes = shape.map((size) => (chance(random, 0.3) ? 1 : size));
  return sizes.slice(chance(random, 0.3) ? whole(random, 0, shape.length) : 0);
}

export interface ValueOptions {
  /** Range of the elements. Default [−1, 1]. */
  domain?: readonly [low: number, high: number];
  /** Default f32. */
  dtype?: DType;
}

/**
 * A tensor of random elements that lies on the host. Floats are f32 numbers, so that every precision
 * sees the same; half of them are within 3 of zero, where functions bend, as far as the domain goes.
 */
export function randomTensor(
  random: Random,
  shape: Shape,
  { domain = [-1, 1], dtype = "f32" }: ValueOptions = {},
): Tensor {
  const data = Array.from({ length: sizeOf(shape) }, () => randomNumber(random, domain, dtype));
  return tensor(data, shape, { dtype });
}

function randomNumber(
  random: Random,
  [low, high]: readonly [number, number],
  dtype: DType,
): number {
  if (dtype === "bool") return chance(random) ? 1 : 0;
  if (dtype !== "f32") return whole(random, low, high);
  const [from, to] = chance(random) ? [low, high] : [Math.max(low, -3), Math.min(high, 3)];
  const [start, end] = from < to ? [from, to] : [low, high];
  return Math.fround(start + random() * (end - start));
}

/** A way to get a tensor of some shape by looking at another one. */
export interface RandomView {
  /** For messages. */
  text: string;
  /** Shape of the tensor that is looked at. */
  base: Shape;
  apply: (x: Tensor) => Tensor;
}

/** Swaps, cuts (in steps, backwards), repeats or reshapes a tensor so that it gets `shape`; or nothing. */
export function randomView(random: Random, shape: Shape): RandomView {
  const view = oneOf(random, [plain, plain, permuted, sliced, expanded, reshaped]);
  return view(random, shape);
}

function plain(_random: Random, shape: Shape): RandomView {
  return { text: "x", base: shape, apply: (x) => x };
}

function permuted(random: Random, shape: Shape): RandomView {
  const rest = shape.map((_, axis) => axis);
  const axes = shape.map(() => rest.splice(whole(random, 0, rest.length - 1), 1)[0]);
  const base = shape.map((_, axis) => shape[axes.indexOf(axis)]);
  return { text: `permute[${axes}]`, base, apply: (x) => x.permute(axes) };
}

function sliced(random: Random, shape: Shape): RandomView {
  const base: number[] = [];
  const ranges = shape.map((count): [number, number, number] => {
    const step = oneOf(random, [1, 2, -1, -2]);
    const [before, after] = [whole(random, 0, 1), whole(random, 0, 1)];
    const span = count === 0 ? 0 : (count - 1) * Math.abs(step) + 1;
    base.push(before + span + after);
    if (count === 0) return [before, before, step];
    return step > 0 ? [before, before + span, step] : [before + span - 1, before - 1, step];
  });
  return { text: `slice${JSON.stringify(ranges)}`, base, apply: (x) => x.slice(ranges) };
}

function expanded(random: Random, shape: Shape): RandomView {
  const base = broadcastingShape(random, shape);
  return { text: `expand[${shape}]`, base, apply: (x) => x.expand(shape) };
}

function reshaped(_random: Random, shape: Shape): RandomView {
  return { text: `reshape[${shape}]`, base: [sizeOf(shape)], apply: (x) => x.reshape(shape) };
}

/**
 * The segment of each row, u32 [numRows] of 0…numSegments − 1, in one of the forms that break things:
 * in any order, sorted, all rows in one segment, or every other segment empty.
 */
export function randomSegments(random: Random, numRows: number, numSegments: number): Uint32Array {
  const rows = Uint32Array.from({ length: numRows }, () => whole(random, 0, numSegments - 1));
  const only = whole(random, 0, numSegments - 1);
  return oneOf(random, [
    () => rows,
    () => rows.sort(),
    () => rows.fill(only),
    () => rows.map((segment) => segment - (segment % 2)),
  ])();
}

/** A function of tensors made of random ops. */
export interface RandomGraph {
  /** One line per op. */
  text: string;
  /** Shapes of the tensors that `apply` wants. */
  inputs: readonly Shape[];
  /** f32 tensors of these shapes → one f32 tensor. */
  apply: (inputs: readonly Tensor[]) => Tensor;
}

type Step = readonly [text: string, apply: (values: readonly Tensor[]) => Tensor];

/**
 * A graph of smooth ops on values of two axes: elementwise, views, sums along an axis. Earlier values
 * are used again at random, so some feed several ops and some none. Elements stay of the order of 1.
 */
export function randomGraph(
  random: Random,
  { numOps = 8, maxSize = 3 }: { numOps?: number; maxSize?: number } = {},
): RandomGraph {
  const shape = [whole(random, 1, maxSize), whole(random, 1, maxSize)];
  const inputs = Array.from({ length: whole(random, 1, 3) }, () =>
    shape.map((size) => (chance(random, 0.2) ? 1 : size)),
  );
  const steps = Array.from({ length: numOps }, (_, n) => randomStep(random, inputs.length + n));
  return {
    text: steps.map(([text], n) => `#${inputs.length + n} = ${text}`).join("\n"),
    inputs,
    apply(given) {
      const values = given.slice();
      for (const [, apply] of steps) values.push(apply(values));
      return values[values.length - 1];
    },
  };
}

/** An op on values below `numValues`, preferring recent ones. */
function randomStep(random: Random, numValues: number): Step {
  const recent = () => whole(random, Math.max(0, numValues - 3), numValues - 1);
  const [a, b] = [recent(), whole(random, 0, numValues - 1)];
  const axis = whole(random, 0, 1);
  return oneOf(random, [
    (): Step => {
      const op = oneOf(random, ["tanh", "sin", "sigmoid", "softplus", "erf"] as const);
      return [`${op}(#${a})`, (v) => v[a][op]()];
    },
    (): Step => {
      const op = oneOf(random, ["add", "sub", "mul"] as const);
      return [`${op}(#${a}, #${b})`, (v) => v[a][op](v[b]).mul(0.7)];
    },
    (): Step => [`#${a} / (1 + #${b}²)`, (v) => v[a].div(v[b].square().add(1))],
    (): Step => [`Σ #${a} along ${axis}`, (v) => v[a].sum({ axes: axis, keepAxes: true }).mul(0.5)],
    (): Step => [
      `#${a} backwards along ${axis}`,
      (v) => {
        const size = v[a].shape[axis];
        return v[a].slice([0, 1].map((d) => (d === axis ? [size - 1, -1, -1] : null)));
      },
    ],
    (): Step => [`#${a} + #${b} shifted`, (v) => v[a].add(shifted(v[b], axis))],
  ])();
}

/** Each element takes the place of the next one; the last falls out, 0 comes in. */
function shifted(x: Tensor, axis: number): Tensor {
  const size = x.shape[axis];
  const widths = [0, 1].map((d): [number, number] => (d === axis ? [1, 0] : [0, 0]));
  return x.pad(widths).slice([0, 1].map((d) => (d === axis ? [0, size] : null)));
}
