/**
 * Samples: computations known twice, as a graph of tensors to record and as the oracle's value,
 * together with a bound on how far a backend may be off.
 *
 * The bound is a running error analysis, element by element: what an op does to the errors of its
 * operands, plus its own rounding. Integers, booleans and moved values are exact.
 */
import { expect } from "vitest";
import { elementwise as rows } from "../../src/engine/ops/elementwise.ts";
import { type DType, realize, type Tensor, tensor } from "../../src/index.ts";
import type { Value } from "./oracle.ts";
import * as oracle from "./oracle.ts";

/** How exactly a backend computes. */
export interface Accuracy {
  /** Relative error of one rounded operation. */
  unit: number;
  /** Error of an elementwise op, relative to max(1, |y|). */
  of: (op: string) => number;
}

/** Ops that WGSL wants correctly rounded; comparisons and logic have no error at all. */
const exactInWgsl =
  /^(neg|abs|sign|floor|square|add|sub|mul|maximum|minimum|relu|select|not|and|or|equal|less|greater)/;

export const accuracies = {
  // computed in double precision, rounded where it is stored
  js: { unit: 2 ** -24, of: () => 2 ** -23 },
  // a few units in the last place of a double: series and sums are ordered differently
  // (the one of erf alternates)
  "js-f64": { unit: 2 ** -53, of: (op) => (op === "erf" ? 2 ** -46 : 2 ** -49) },
  // every operation is rounded, to the nearest; functions as codegen/wasm/math.ts says
  wasm: {
    unit: 2 ** -24,
    of: (op) => (exactInWgsl.test(op) ? 2 ** -24 : (rows[op]?.error ?? 1e-6)),
  },
  // rounding may also truncate, so a unit is a whole one; the helpers of codegen/wgsl/math.ts and the
  // functions of WGSL are good to about 1e-6 unless the op's row says otherwise
  webgpu: {
    unit: 2 ** -23,
    of: (op) => (exactInWgsl.test(op) ? 2 ** -23 : (rows[op]?.error ?? 2e-6)),
  },
} as const satisfies Record<string, Accuracy>;
export type TestedBackend = keyof typeof accuracies;

type Errors = readonly number[];

export interface Sample {
  text: string;
  value: Value;
  inputs: readonly Sample[];
  build: (inputs: Tensor[]) => Tensor;
  /** Bound per element, from those of the inputs. */
  error: (inputs: readonly Errors[], accuracy: Accuracy) => Errors;
}

const show = ({ dtype, shape }: Value) => `${dtype} [${shape.join(", ")}]`;

export function leaf(value: Value): Sample {
  return {
    text: show(value),
    value,
    inputs: [],
    build: () => tensor(value.data, value.shape, { dtype: value.dtype }),
    error: () => value.data.map(() => 0),
  };
}

/** An op that only moves values: `move` is applied to the values, and to their errors with fill 0. */
export function moved(
  text: string,
  inputs: readonly Sample[],
  build: Sample["build"],
  move: (inputs: readonly Value[], isError: boolean) => Value,
): Sample {
  const value = move(
    inputs.map((x) => x.value),
    false,
  );
  return {
    text: `${text}(${inputs.map((x) => x.text).join(", ")})`,
    value,
    inputs,
    build,
    error: (errors) =>
      move(
        inputs.map((x, i) => ({ ...x.value, data: errors[i]! })),
        true,
      ).data,
  };
}

/** An op of floats with its own error bound. */
export function computed(
  text: string,
  inputs: readonly Sample[],
  build: Sample["build"],
  value: Value,
  error: Sample["error"] = () => value.data.map(() => 0),
): Sample {
  return { text: `${text}(${inputs.map((x) => x.text).join(", ")})`, value, inputs, build, error };
}

/** How an error of the operands reaches the result, at most. */
const slopes: Readonly<Record<string, (x: Errors, e: Errors) => number>> = {
  ...Object.fromEntries(
    ["neg", "abs", "relu", "tanh", "sin", "cos", "softplus", "cast"].map((op) => [
      op,
      (_: Errors, [e]: Errors) => e!,
    ]),
  ),
  erf: (_, [e]) => 1.13 * e!, // 2/√π
  sigmoid: (_, [e]) => 0.25 * e!,
  square: ([x], [e]) => (2 * Math.abs(x!) + e!) * e!,
  add: (_, [e, f]) => e! + f!,
  sub: (_, [e, f]) => e! + f!,
  mul: ([x, y], [e, f]) => Math.abs(x!) * f! + Math.abs(y!) * e! + e! * f!,
  maximum: (_, [e, f]) => Math.max(e!, f!),
  minimum: (_, [e, f]) => Math.max(e!, f!),
  select: (_, [, e, f]) => Math.max(e!, f!),
};

/** An elementwise op of the tables, or a cast. */
export function elementwise(
  op: string,
  inputs: readonly Sample[],
  build: Sample["build"],
  value: Value,
): Sample {
  const local = (y: number, accuracy: Accuracy) => accuracy.of(op) * Math.max(1, Math.abs(y));
  return computed(op, inputs, build, value, (errors, accuracy) => {
    if (value.dtype !== "f32") return value.data.map(() => 0);
    const at = (which: number, data: Errors, index: number[]) =>
      oracle.at({ ...inputs[which]!.value, data }, index);
    return oracle.indexList(value.shape).map((index, i) => {
      const e = inputs.map((_, which) => at(which, errors[which]!, index));
      const x = inputs.map(({ value: { data } }, which) => at(which, data, index));
      const carried = e.some((bound) => bound > 0) ? slopes[op]!(x, e) : 0;
      return carried + local(value.data[i]!, accuracy);
    });
  });
}

/** Sums of products: n roundings, each relative to the sum of absolute values. */
export const summed = (
  magnitude: Value,
  carried: Value,
  length: number,
  { unit }: Accuracy,
): Errors => carried.data.map((e, i) => e + (length + 1) * unit * magnitude.data[i]!);

/** What the samples record on the current device. */
export function recorded(samples: readonly Sample[]): Tensor[] {
  const tensors = new Map<Sample, Tensor>();
  for (const sample of inOrder(samples))
    tensors.set(sample, sample.build(sample.inputs.map((x) => tensors.get(x)!)));
  return samples.map((sample) => tensors.get(sample)!);
}

/** Records the samples on the current device, computes them together, and compares. */
export async function check(samples: readonly Sample[], accuracy: Accuracy): Promise<void> {
  const errors = new Map<Sample, Errors>();
  for (const sample of inOrder(samples))
    errors.set(
      sample,
      sample.error(
        sample.inputs.map((x) => errors.get(x)!),
        accuracy,
      ),
    );
  const tensors = recorded(samples);
  await realize(tensors);
  for (const [which, sample] of samples.entries())
    expectNear(
      tensors[which]!,
      await tensors[which]!.data(),
      sample.value,
      errors.get(sample)!,
      sample.text,
    );
}

function inOrder(samples: readonly Sample[]): Set<Sample> {
  const done = new Set<Sample>();
  const visit = (sample: Sample): void => {
    if (done.has(sample)) return;
    sample.inputs.forEach(visit);
    done.add(sample);
  };
  samples.forEach(visit);
  return done;
}

function expectNear(
  { shape, dtype }: { shape: readonly number[]; dtype: DType },
  data: ArrayLike<number>,
  want: Value,
  bounds: Errors,
  text: string,
): void {
  expect({ dtype, shape, length: data.length }, text).toEqual({
    dtype: want.dtype,
    shape: want.shape,
    length: oracle.count(want.shape),
  });
  for (const [i, y] of want.data.entries()) {
    const bound = bounds[i]! && bounds[i]! + 1e-37; // denormal numbers may become 0
    if (Math.abs(data[i]! - y) <= bound) continue;
    throw new Error(
      `${text}[${i}]: expected ${y} ± ${bound}, got ${data[i]}\n` +
        `  wanted ${brief(want.data)}\n  got    ${brief(data)}`,
    );
  }
}

const brief = (data: ArrayLike<number>) =>
  `${Array.from(data).slice(0, 24).join(" ")}${data.length > 24 ? " …" : ""}`;
