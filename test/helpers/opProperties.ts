/**
 * Property tests of every op: random shapes with sizes 0 and 1, operands that broadcast or are views
 * of something else, against the oracle. One set of properties for all backends.
 */
import fc from "fast-check";
import { describe, test } from "vitest";
import { binary, type ElementwiseOp, unary } from "../../src/engine/ops/elementwise.ts";
import { type ReduceName, type ReduceOp, reduce } from "../../src/engine/ops/reduce.ts";
import {
  segmentMax,
  segmentMean,
  segmentMin,
  segmentSoftmax,
  segmentSum,
  segmentsOf,
} from "../../src/engine/segments.ts";
import { attention, concat, type DType, gather, indices, matmul, tensor } from "../../src/index.ts";
import { useDevice } from "./backends.ts";
import {
  broadcastTo,
  type Draw,
  draws,
  filled,
  flag,
  type Gen,
  operand,
  pick,
  rowNumbers,
  shape,
  viewNames,
  viewOf,
  whole,
  withExtremes,
} from "./generate.ts";
import * as oracle from "./oracle.ts";
import { exponentialError, rowSamples } from "./rowSamples.ts";
import {
  accuracies,
  check,
  computed,
  elementwise,
  moved,
  type Sample,
  summed,
  type TestedBackend,
} from "./samples.ts";

const dtypes: readonly DType[] = ["f32", "i32", "u32", "bool"];
const numbers: readonly DType[] = ["f32", "i32", "u32"];
const segmentOps = { segmentSum, segmentMax, segmentMin, segmentMean };

export interface PropertyOptions {
  /** Random samples per op; each is a program of its own. */
  runs: number;
  seed: number;
}

export function describeOps(backend: TestedBackend, { runs, seed }: PropertyOptions): void {
  const accuracy = accuracies[backend];
  const property = (name: string, sample: (g: Gen) => Sample): void =>
    test(name, () =>
      fc.assert(
        fc.asyncProperty(fc.gen(), (g) => check([sample(g)], accuracy)),
        { numRuns: runs, seed },
      ),
    );

  describe(`every op on ${backend} equals the oracle`, () => {
    useDevice(backend);

    for (const [op, row] of Object.entries<ElementwiseOp>(unary))
      for (const dtype of row.takes) property(`${op} ${dtype}`, (g) => unarySample(g, op, dtype));
    for (const [op, row] of Object.entries<ElementwiseOp>(binary))
      for (const dtype of row.takes) property(`${op} ${dtype}`, (g) => binarySample(g, op, dtype));
    for (const dtype of dtypes) property(`select ${dtype}`, (g) => selectSample(g, dtype));
    for (const from of dtypes)
      for (const to of dtypes)
        if (from !== to) property(`cast ${from} to ${to}`, (g) => castSample(g, from, to));

    for (const op of Object.keys(reduce))
      for (const dtype of numbers) property(`${op} ${dtype}`, (g) => reduceSample(g, op, dtype));
    property("mean", meanSample);
    property("argmax", argmaxSample);

    for (const view of viewNames)
      property(`${view}`, (g) => {
        const dtype = pick(g, dtypes);
        return viewOf(view, g, shape(g), dtype, draws(g, dtype, [-9, 9]));
      });
    property("stopGradient", (g) => {
      const x = operand(g, shape(g), "f32", draws(g, "f32", [-9, 9]));
      return moved(
        "stopGradient",
        [x],
        ([t]) => t!.stopGradient(),
        ([v]) => v!,
      );
    });
    property("concat", concatSample);
    property("gather", gatherSample);
    for (const op of ["segmentSum", "segmentMax", "segmentMin"] as const)
      for (const dtype of numbers) property(`${op} ${dtype}`, (g) => segmentSample(g, op, dtype));
    property("segmentMean", (g) => segmentSample(g, "segmentMean", "f32"));
    property("segmentSoftmax", segmentSoftmaxSample);

    property("matmul", matmulSample);
    for (const [name, sample] of Object.entries(rowSamples)) property(name, sample);
    property("attention", attentionSample);
  });
}

function unarySample(g: Gen, op: string, dtype: DType): Sample {
  const { domain, gives = dtype } = unary[op as keyof typeof unary] as ElementwiseOp;
  const draw = withExtremes(g, dtype, draws(g, dtype, domain));
  const x = operand(g, shape(g), dtype, draw);
  const value = oracle.elementwise(op, gives, [x.value]);
  return elementwise(op, [x], ([t]) => t![op as keyof typeof unary](), value);
}

/** Where to sample both operands: integers overflow, but are not divided by 0. */
function operandDraws(g: Gen, op: string, dtype: DType): [Draw, Draw] {
  const { domain } = binary[op as keyof typeof binary] as ElementwiseOp;
  const [x, y] = [draws(g, dtype, domain), draws(g, dtype, domain)];
  if (dtype === "f32" && op === "mod") return [() => Math.round(x()), () => Math.round(y()) + 0.5];
  if (op !== "div" && op !== "mod") return [withExtremes(g, dtype, x), withExtremes(g, dtype, y)];
  const signs = draws(g, "bool", [0, 1]);
  const signed = (draw: Draw): Draw =>
    dtype === "u32" ? draw : () => (signs() ? draw() : -draw());
  return [withExtremes(g, dtype, signed(x)), signed(y)];
}

function binarySample(g: Gen, op: string, dtype: DType): Sample {
  const row = binary[op as keyof typeof binary] as ElementwiseOp;
  const result = shape(g);
  const [drawX, drawY] = operandDraws(g, op, dtype);
  const x = operand(g, broadcastTo(g, result), dtype, drawX);
  const name = op as keyof typeof binary;
  const gives = row.gives ?? dtype;
  if (whole(g, 0, 5) === 5) {
    const number = drawY();
    const y = { shape: [], dtype, data: [number] };
    const value = oracle.elementwise(op, gives, [x.value, y]);
    return elementwise(op, [x], ([t]) => t![name](number), value);
  }
  const y = operand(g, broadcastTo(g, result), dtype, drawY);
  const value = oracle.elementwise(op, gives, [x.value, y.value]);
  return elementwise(op, [x, y], ([t, u]) => t![name](u!), value);
}

function selectSample(g: Gen, dtype: DType): Sample {
  const result = shape(g);
  const draw = withExtremes(g, dtype, draws(g, dtype, [-9, 9]));
  const condition = operand(g, broadcastTo(g, result), "bool", draws(g, "bool", [0, 1]));
  const x = operand(g, broadcastTo(g, result), dtype, draw);
  const y = operand(g, broadcastTo(g, result), dtype, draw);
  const value = oracle.elementwise(
    "select",
    dtype,
    [condition, x, y].map((s) => s.value),
  );
  return elementwise("select", [condition, x, y], ([c, t, u]) => c!.select(t!, u!), value);
}

function castSample(g: Gen, from: DType, to: DType): Sample {
  const beyond: [number, number] = from === "f32" ? [-6e9, 6e9] : [-9, 9]; // both integer ranges
  const draw = withExtremes(g, from, draws(g, from, pick(g, [[-9, 9], beyond])));
  const x = operand(g, shape(g), from, draw);
  return elementwise("cast", [x], ([t]) => t!.cast(to), oracle.cast(x.value, to));
}

function reduceSample(g: Gen, op: string, dtype: DType): Sample {
  const isProduct = op === "prod";
  const sizes = (reduce as Record<string, ReduceOp>)[op]!.ofNothing ? shape(g) : filled(g);
  const draw = draws(g, dtype, isProduct ? [-1.4, 1.4] : [-9, 9]);
  const x = operand(g, sizes, dtype, isProduct ? draw : withExtremes(g, dtype, draw));
  const axes = sizes.map((_, axis) => axis).filter(() => flag(g));
  const keepAxes = flag(g);
  const all = axes.length === 0 || whole(g, 0, 3) === 0;
  const over = all ? sizes.map((_, axis) => axis) : axes;
  const value = oracle.reduce(op, x.value, over, keepAxes);
  const options = all ? { keepAxes } : { axes, keepAxes };
  const length = oracle.count(over.map((axis) => sizes[axis]!));
  return computed(
    `${op}[${over}]`,
    [x],
    ([t]) => t![op as ReduceName](options),
    value,
    (_, accuracy) => {
      if (dtype !== "f32" || op === "max" || op === "min") return value.data.map(() => 0);
      // a product's roundings are relative to the product itself
      const size = isProduct
        ? magnitude(value)
        : oracle.reduce(op, magnitude(x.value), over, keepAxes);
      return summed(size, zeros(value), length, accuracy);
    },
  );
}

const magnitude = (x: oracle.Value): oracle.Value => ({ ...x, data: x.data.map(Math.abs) });
const zeros = (x: oracle.Value): oracle.Value => ({ ...x, data: x.data.map(() => 0) });

function meanSample(g: Gen): Sample {
  const x = operand(g, filled(g, 1), "f32", draws(g, "f32", [-9, 9]));
  const axis = whole(g, 0, x.value.shape.length - 1);
  const length = x.value.shape[axis]!;
  const over = (v: oracle.Value): oracle.Value => {
    const sum = oracle.reduce("sum", v, [axis], false);
    return { ...sum, data: sum.data.map((total) => total / length) };
  };
  const value = over(x.value);
  return computed(
    `mean[${axis}]`,
    [x],
    ([t]) => t!.mean({ axes: axis }),
    value,
    (_, accuracy) => summed(over(magnitude(x.value)), zeros(value), length + 1, accuracy),
  );
}

function argmaxSample(g: Gen): Sample {
  const dtype = pick(g, numbers);
  const x = operand(g, filled(g, 1), dtype, draws(g, dtype, [0, 3])); // with ties
  const axis = whole(g, -x.value.shape.length, x.value.shape.length - 1);
  const along = (axis + x.value.shape.length) % x.value.shape.length;
  return computed(`argmax[${axis}]`, [x], ([t]) => t!.argmax(axis), oracle.argmax(x.value, along));
}

function concatSample(g: Gen): Sample {
  const dtype = pick(g, dtypes);
  const sizes = shape(g, 1);
  const axis = whole(g, 0, sizes.length - 1);
  const parts = Array.from({ length: whole(g, 1, 9) }, () =>
    operand(g, sizes.with(axis, whole(g, 0, 3)), dtype, draws(g, dtype, [-9, 9]), 1),
  );
  return moved(
    `concat[${axis}]`,
    parts,
    (tensors) => concat(tensors, axis - (flag(g) ? sizes.length : 0)),
    (values) => oracle.concat(values, axis),
  );
}

function gatherSample(g: Gen): Sample {
  const dtype = pick(g, dtypes);
  const x = operand(g, filled(g, 1, 3), dtype, draws(g, dtype, [-9, 9]));
  const rows = rowNumbers(g, shape(g, 0, 2), x.value.shape[0]!);
  return moved(
    "gather",
    [x, rows],
    ([t, r]) => gather(t!, r!),
    ([t]) => oracle.gather(t!, rows.value),
  );
}

/** Rows x, the segment of each, and how many segments there are; some are empty. */
function rowsInSegments(g: Gen, dtype: DType) {
  const sizes = shape(g, 1, 3);
  const x = operand(g, sizes, dtype, draws(g, dtype, [-9, 9]));
  const numSegments = whole(g, 1, 4);
  const draw = draws(g, "u32", [0, numSegments - 1]);
  const target = Array.from({ length: sizes[0]! }, draw);
  return { x, target, numSegments };
}

function segmentSample(g: Gen, op: keyof typeof segmentOps, dtype: DType): Sample {
  const { x, target, numSegments } = rowsInSegments(g, dtype);
  const over = (v: oracle.Value) => oracle.segmentReduce(op, v, target, numSegments);
  const value = over(x.value);
  return computed(
    `${op}[${target}]`,
    [x],
    ([t]) => segmentOps[op](t!, segmentsOf(indices(target), numSegments)),
    value,
    (_, accuracy) =>
      dtype !== "f32" || op === "segmentMax" || op === "segmentMin"
        ? zeros(value).data
        : summed(over(magnitude(x.value)), zeros(value), target.length + 2, accuracy),
  );
}

function segmentSoftmaxSample(g: Gen): Sample {
  const { x, target, numSegments } = rowsInSegments(g, "f32");
  const value = oracle.segmentSoftmax(x.value, target);
  return computed(
    `segmentSoftmax[${target}]`,
    [x],
    ([t]) => segmentSoftmax(t!, segmentsOf(indices(target), numSegments)),
    value,
    (_, { unit }) =>
      value.data.map((y) => y * 2 * (exponentialError(18, unit) + target.length * unit)),
  );
}

function matmulSample(g: Gen): Sample {
  const [m, k, n] = shape(g, 3, 3) as [number, number, number];
  const batch = shape(g, 0, 2);
  const draw = draws(g, "f32", [-2, 2]);
  const [transposeA, transposeB] = [flag(g), flag(g)];
  const a = operand(
    g,
    [...broadcastTo(g, batch), ...(transposeA ? [k, m] : [m, k])],
    "f32",
    draw,
    2,
  );
  const b = operand(
    g,
    [...broadcastTo(g, batch), ...(transposeB ? [n, k] : [k, n])],
    "f32",
    draw,
    2,
  );
  const product = (x: oracle.Value, y: oracle.Value) =>
    oracle.matmul(transposeA ? turned(x) : x, transposeB ? turned(y) : y);
  const value = product(a.value, b.value);
  const options = transposeA || transposeB || flag(g) ? { transposeA, transposeB } : {};
  return computed(
    `matmul${JSON.stringify(options)}`,
    [a, b],
    ([x, y]) => matmul(x!, y!, options),
    value,
    (_, accuracy) =>
      summed(product(magnitude(a.value), magnitude(b.value)), zeros(value), 2 * k, accuracy),
  );
}

/** The last two axes swapped. */
function turned(x: oracle.Value): oracle.Value {
  const axes = x.shape.map((_, axis) => axis);
  const rank = axes.length;
  return oracle.permute(x, [...axes.slice(0, -2), rank - 1, rank - 2]);
}

function attentionSample(g: Gen): Sample {
  const [batch, hits, heads] = shape(g, 3, 3) as [number, number, number];
  const width = whole(g, 1, 5);
  const qkv = operand(g, [batch, hits, 3, heads, width], "f32", draws(g, "f32", [-1.5, 1.5]), 1);
  const masked = oracle.fill([batch, hits], "bool", () => 0);
  const draw = draws(g, "bool", [0, 1]);
  // at least one key of every event stays
  const data = masked.data.map((_, i) => (i % hits === 0 ? 0 : draw()));
  const mask: Sample = {
    ...operand(g, [batch, hits], "bool", () => 0, 0),
    value: { ...masked, data },
    build: () => tensor(data, [batch, hits], { dtype: "bool" }),
  };
  const value = oracle.attention(qkv.value, mask.value);
  const largest = Math.max(0, ...qkv.value.data.map(Math.abs));
  return computed(
    "attention",
    [qkv, mask],
    ([packed, hidden]) => attention(packed!, hidden!),
    value,
    (_, { unit }) => {
      const score = Math.sqrt(width) * largest * largest;
      const relative = (2 * width + 4) * unit * score + exponentialError(2 * score, unit);
      return value.data.map(() => largest * 2 * (relative + (hits + 2) * unit));
    },
  );
}
