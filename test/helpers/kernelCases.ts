/** Random inputs for any kernel of the catalogue, from its signature alone. */
import { kernels } from "../../kernels/index.ts";
import { partOf } from "../../src/engine/composite.ts";
import { type HostArray, hostArray } from "../../src/engine/dtype.ts";
import { type Attrs, makeExpr } from "../../src/engine/expr.ts";
import {
  axisNames,
  type Dims,
  elements,
  type Kernel,
  type KernelSpec,
  type Operand,
  resolveKernel,
} from "../../src/engine/kernel.ts";
import { layoutOf } from "../../src/engine/layout.ts";
import { parameterShapes, stagesOf } from "../../src/engine/ops/perceptronStages.ts";
import { Tensor, tensor } from "../../src/index.ts";
import { randomSegments } from "../../src/testing/index.ts";
import { randomFrom } from "./generate.ts";

export type KernelName = keyof typeof kernels;

/** What a signature cannot say: choices of attributes, and sizes that depend on each other. */
interface Contract {
  attrs?: readonly Attrs[];
  sizes?: (sizes: Record<string, number>, attrs: Attrs, random: () => number) => void;
  /** Inputs that are not just any numbers, by name. */
  inputs?: (sizes: Dims, random: () => number, attrs: Attrs) => Record<string, ArrayLike<number>>;
  /** Run-time numbers that are not just any positive ones, by name. */
  numbers?: Readonly<Record<string, number>>;
}

/** Rows in S segments, some of them empty, some with many rows. */
function segmentsFor(numRows: number, S: number, random: () => number) {
  const target = randomSegments(random, numRows, S);
  const order = [...target.keys()].sort((a, b) => target[a]! - target[b]! || a - b);
  const sorted = order.map((row) => target[row]!);
  const offsets = Array.from({ length: S + 1 }, (_, s) => sorted.filter((t) => t < s).length);
  return { segmentOf: target, order, offsets };
}
const inSegments: Contract = { inputs: ({ E, S }, random) => segmentsFor(E!, S!, random) };

/** Small whole numbers: sums of squares are exact, and many are equal. */
const fewValues = (count: number, random: () => number): number[] =>
  Array.from({ length: count }, () => Math.floor(7 * random()) - 3);

/** Ascending offsets of B parts of n rows, some of them empty. */
function cuts(n: number, B: number, random: () => number): number[] {
  const inner = Array.from({ length: B - 1 }, () => Math.floor((n + 1) * random()));
  return [0, ...inner.sort((a, b) => a - b), n];
}

/** Every way to run through the elements. */
const scans: readonly Attrs[] = [false, true].flatMap((reverse) =>
  [false, true].map((exclusive) => ({ reverse, exclusive })),
);

/** Keys whose second digit is one of few, so that there are ties; where each digit of each block starts. */
const byDigit: Contract = {
  numbers: { shift: 8 },
  inputs: ({ E, G }, random) => {
    const keys = Array.from({ length: E! }, () => Math.floor(3 * 256 * random()));
    const rows = Array.from(keys, () => Math.floor(E! * random()));
    const starts = new Uint32Array(256 * G!);
    const bins = keys.map((key, e) => (key >> 8) * G! + Math.floor(e / Math.ceil(E! / G!)));
    for (const bin of bins) for (let b = bin + 1; b < starts.length; b++) starts[b]!++;
    return { keys, rows, starts };
  },
};

/** Attention with these of the things that it may have. */
const withFeatures = (...features: readonly string[][]): Contract => ({
  attrs: features.map((names, which) => ({
    headDim: [4, 1, 7, 2, 3][which % 5]!,
    ...Object.fromEntries(names.map((name) => [name, true])),
  })),
  sizes: (sizes, { headDim, hasEvents }, random) => {
    sizes.D = headDim as number;
    if (hasEvents) Object.assign(sizes, { B: 1, ...("M" in sizes ? { M: sizes.N } : {}) });
    if ("X" in sizes) sizes.X = random() < 0.5 ? 1 : sizes.B!;
    if ("Y" in sizes) sizes.Y = random() < 0.5 ? 1 : sizes.H!;
  },
  inputs: ({ N, S }, random, { hasEvents }) => (hasEvents ? { offsets: cuts(N!, S!, random) } : {}),
  numbers: {
    ...{ scale: 0.7, dropped: 0.25, draw: 6 },
    ...{ key0Low: 4711, key0High: 65535, key1Low: 3, key1High: 40000 },
  },
});
const [mask, events, dropout, bias] = ["hasMask", "hasEvents", "hasDropout", "hasBias"];
const packed = withFeatures([mask], [mask, events, dropout]);
const separate = withFeatures([], [mask, bias, dropout]);

const rowStages: readonly Attrs[] = [
  { parts: [5], gathered: [0], widths: [3], norm: "none", activation: "none" },
  { parts: [4, 3, 1], gathered: [0, 0, 0], widths: [9, 4], norm: "plain", activation: "silu" },
  { parts: [4, 4, 4], gathered: [1, 1, 0], widths: [6, 5, 4], norm: "affine", activation: "relu" },
  { parts: [2, 2], gathered: [1, 1], widths: [7, 1], norm: "none", activation: "tanh" },
].map((attrs) => ({ ...attrs, outputActivation: attrs.widths.length > 2 ? "sigmoid" : "none" }));

/** Fewer of them: software adapters take long to compile these. */
const gradientStages: readonly Attrs[] = [
  { parts: [3], gathered: [1], widths: [4], norm: "none", activation: "none" },
  { parts: [4, 3], gathered: [0, 0], widths: [9, 4], norm: "plain", activation: "silu" },
  { parts: [4, 4, 4], gathered: [1, 1, 0], widths: [6, 5], norm: "affine", activation: "relu" },
].map(({ parts, ...attrs }) => ({
  ...{ ...attrs, parts },
  outputActivation: parts.length > 2 ? "tanh" : "none",
  ...(parts.length > 2 && { isSummed: true }),
}));

const ofRows: Contract = {
  attrs: rowStages,
  sizes: (sizes, attrs) => {
    sizes.T = layoutOf(parameterShapes(stagesOf(attrs))).total;
  },
  inputs: ({ N, R }, random, { gathered }) =>
    Object.fromEntries(
      (gathered as number[]).map((_, part) => [
        `rows${part}`,
        Array.from({ length: R! }, () => Math.floor(N! * random())),
      ]),
    ),
};

/** The same, with sums by segment. */
const summed = (attrs: readonly Attrs[]): Contract => ({
  ...ofRows,
  attrs,
  inputs: (sizes, random, attrs) => ({
    ...ofRows.inputs?.(sizes, random, attrs),
    ...(sizes.S ? segmentsFor(sizes.R!, sizes.S, random) : {}),
  }),
});

const contracts: Partial<Record<KernelName, Contract>> = {
  perceptronRows: ofRows,
  perceptronRowsGradient: summed(gradientStages),
  perceptronSums: summed(rowStages),
  matmul: {
    attrs: [false, true].flatMap((transposeA) =>
      [false, true].map((transposeB) => ({ transposeA, transposeB })),
    ),
    sizes: (sizes, _, random) => {
      sizes.C = random() < 0.5 ? 1 : sizes.B!; // one matrix for all, or one each
    },
  },
  attention: packed,
  attentionGradient: packed,
  attentionBiasGradient: withFeatures([bias], [mask, bias, dropout]),
  crossAttention: separate,
  crossAttentionGradient: separate,
  blockSums: { attrs: [{ reverse: false }, { reverse: true }] },
  scanBlocks: { attrs: scans },
  countDigits: byDigit,
  placeByDigit: byDigit,
  leastOfRows: {
    attrs: [1, 3, 12].map((k) => ({ k })),
    inputs: ({ R, F }, random) => ({ x: fewValues(R! * F!, random) }),
  },
  nearestRows: {
    attrs: [
      { k: 1, dim: 1, self: false },
      { k: 4, dim: 3, self: true },
      { k: 9, dim: 2, self: false },
    ],
    numbers: { limit: 20 },
    inputs: ({ N, Q, B }, random, { dim }) => ({
      points: fewValues(N! * (dim as number), random),
      queries: fewValues(Q! * (dim as number), random),
      offsets: cuts(N!, B!, random),
      queryOffsets: cuts(Q!, B!, random),
    }),
  },
  searchSorted: {
    attrs: [{ right: false }, { right: true }],
    inputs: ({ E, S }, random) => {
      const draw = () => Math.floor(5 * random()); // ties
      const sorted = Array.from({ length: E! }, draw).sort((a, b) => a - b);
      return { sorted, values: Array.from({ length: S! }, draw) };
    },
  },
  segmentAttention: inSegments,
  segmentAttentionGradient: inSegments,
};

export interface KernelCase {
  text: string;
  kernel: Kernel;
  /** The inputs as the host has them, and the number of elements and sizes that go with them. */
  inputs: readonly HostArray[];
  dims: Dims;
  attrs: Attrs;
  /** Tensors that the kernel, or its composition, computes: all its results. */
  build: () => Tensor[];
}

/** One, edges of tiles, odd numbers; small, because software adapters run this too. */
const tried = [1, 1, 2, 3, 4, 5, 7, 8, 9, 17, 33];

export function kernelCases(
  name: KernelName,
  count: number,
  seed: number,
  choices: Readonly<Record<string, readonly number[]>> = {},
): KernelCase[] {
  const spec: KernelSpec = kernels[name];
  const contract = contracts[name] ?? {};
  const { attrs: variants = [{}], sizes: restrict, inputs } = contract;
  const random = randomFrom(seed);
  return variants.flatMap((attrs) =>
    Array.from({ length: count }, () => {
      const kernel = resolveKernel(spec, attrs);
      const sizes: Record<string, number> = {};
      const most = kernel.result.axes.length > 2 ? 9 : tried.length; // four axes of 33 are many
      for (const axis of axisNames(kernel)) {
        const chosen = choices[axis] ?? tried.slice(0, most);
        sizes[axis] = chosen[Math.floor(random() * chosen.length)]!;
      }
      restrict?.(sizes, attrs, random);
      const given = { ...contract.numbers, ...inputs?.(sizes, random, attrs) };
      return caseOf(kernel, attrs, sizes, { random, given });
    }),
  );
}

function caseOf(
  kernel: Kernel,
  attrs: Attrs,
  sizes: Record<string, number>,
  { random, given }: { random: () => number; given: Record<string, number | ArrayLike<number>> },
): KernelCase {
  const shapeOf = (axes: readonly string[]) => axes.map((axis) => elements([axis], sizes));
  const inputs = kernel.operands.map(({ name, dtype, axes }) => {
    const data = hostArray(dtype, elements(axes, sizes), "f64");
    const known = given[name];
    if (typeof known === "object") {
      data.set(known);
      return data;
    }
    const rowLength = elements(axes.slice(-1), sizes);
    // booleans start with false: never is every key of an event masked
    const draw = (i: number) =>
      dtype === "bool"
        ? Number(i % rowLength > 0 && random() < 0.4)
        : Math.fround(2 * random() - 1);
    for (let i = 0; i < data.length; i++) data[i] = draw(i);
    return data;
  });
  const any = () => Math.fround(0.01 + random()); // like ε: positive
  const values = (kernel.numbers ?? []).map((name) => (given[name] as number) ?? any());
  const numbers = Object.fromEntries((kernel.numbers ?? []).map((name, i) => [name, values[i]!]));
  const build = () => {
    const whole = makeExpr({
      op: kernel.name,
      inputs: kernel.operands.map(
        ({ dtype, axes }, i) => tensor(inputs[i]!, shapeOf(axes), { dtype }).expr,
      ),
      shape: shapeOf(kernel.result.axes),
      dtype: kernel.result.dtype,
      attrs,
      values,
    });
    return [whole, ...kernel.parts.map(({ name }) => partOf(whole, name))].map(
      (expr) => new Tensor(expr),
    );
  };
  const text = `${kernel.name} ${JSON.stringify({ ...attrs, ...sizes })}`;
  return { text, kernel, inputs, dims: { ...sizes, ...numbers }, attrs, build };
}

/** What the plain loops of the kernel make, in double precision: all its results. */
export function referenceOf({ kernel, inputs, dims, attrs }: KernelCase): HostArray[] {
  const zeros = ({ dtype, axes }: Operand) => hostArray(dtype, elements(axes, dims), "f64");
  const y = zeros(kernel.result);
  const more = Object.fromEntries(kernel.parts.map((part) => [part.name, zeros(part)]));
  kernel.reference(inputs, y, dims, attrs, more);
  return [y, ...Object.values(more)];
}

/** The largest error, relative to max(1, |y|). */
export function largestError(got: ArrayLike<number>, want: ArrayLike<number>): number {
  let largest = got.length === want.length ? 0 : Number.POSITIVE_INFINITY;
  for (let i = 0; i < want.length; i++) {
    const error = Math.abs(got[i]! - want[i]!) / Math.max(1, Math.abs(want[i]!));
    largest = Math.max(largest, error); // NaN stays
  }
  return largest;
}
