/**
 * Hand-written kernels: what they compute, in plain loops and in WGSL, behind one signature.
 *
 * The signature is the single source of shapes: `"f32 [R, F]"` names the axes that must agree
 * between operands, and gives the WGSL bindings, the sizes (`dims.R`) and the error messages.
 */

import type { Code, Local } from "./codegen/wasm/code.ts";
import type { DType, HostArray } from "./dtype.ts";
import { ShapeError } from "./errors.ts";
import type { Attrs } from "./expr.ts";
import { type Shape, showShape } from "./shape.ts";

/** Which variant of a kernel to run, by kernel; `plain` for its own program. */
export type Tiles = Readonly<Record<string, string>>;

/** Sizes of the axes by name, and the kernel's run-time numbers. */
export type Dims = Readonly<Record<string, number>>;

export interface Operand {
  dtype: DType;
  /** Axis names; `S+1` is one longer than axis S. */
  axes: readonly string[];
}

export interface KernelSpec {
  name: string;
  /** Signatures by binding name, in the order of the op's inputs; may depend on the op's attributes. */
  inputs: Readonly<Record<string, string>> | ((attrs: Attrs) => Readonly<Record<string, string>>);
  output: string | ((attrs: Attrs) => string);
  /** Signatures of further results by name, of axes that inputs or output have too. */
  more?: Readonly<Record<string, string>> | ((attrs: Attrs) => Readonly<Record<string, string>>);
  /** Names of the op's run-time numbers, as members of `dims` (f32). */
  numbers?: readonly string[];
  /** Operations on floats, for `explain`; default: those of what the op is composed of. */
  flops?: (dims: Dims, attrs: Attrs) => number;
  /** How many invocations the WGSL wants; each sees its number as `i`. */
  threads: (dims: Dims) => number;
  /**
   * Axes along which a launch may be cut into several: each result depends on the same place of the
   * operands that have the axis, and on nothing else of them. `S+1` of an operand goes with S.
   */
  rows?: (dims: Dims) => readonly string[];
  /** Plain loops that a reader can check by eye. `y` and `more` are zero at the start. */
  reference: (
    inputs: readonly HostArray[],
    y: HostArray,
    dims: Dims,
    attrs: Attrs,
    more: Readonly<Record<string, HostArray>>,
  ) => void;
  /** True if the WGSL never reads `y`, so that elementwise ops may finish each result as it is stored. */
  finishes?: boolean;
  /**
   * Body of one invocation; reads inputs by name, writes results by `store(element, value)`, those of
   * a further result `sums` by `storeSums(element, value)`.
   */
  wgsl: string | ((attrs: Attrs) => string);
  /** In WebAssembly, where plain loops are too slow. */
  wasm?: WasmSpelling;
  /** Programs for GPUs, best first. */
  variants?: readonly KernelVariant[];
}

/**
 * Another program for the results of a kernel, of workgroups that share memory: for GPUs, not for
 * software adapters, which run one invocation after the other. All variants that fit the adapter are
 * compiled with the plan, and sizes decide which one runs.
 */
export interface KernelVariant {
  name: string;
  /** What an adapter may lack: with `subgroups`, the body knows its `subgroupLane` and `subgroupSize`. */
  needs?: "subgroups";
  /** Sizes it is good for; the first variant that says yes runs, else the kernel's own program. */
  suits: (dims: Dims) => boolean;
  /** Invocations per workgroup; each sees its number as `lane`. */
  workgroupSize: number;
  /** How many workgroups it wants; each sees its number as `tile`. */
  workgroups: (dims: Dims) => number;
  /**
   * Into how many parts sums are split; part number `part` of `parts` stores what it has of each
   * result, and a second launch adds the parts up, in order. Default: 1.
   */
  parts?: (dims: Dims) => number;
  /** Workgroup memory in bytes, and declarations outside the body. */
  sharedBytes: number;
  shared: (attrs: Attrs) => string;
  /** Body, which calls the same functions as the kernel's; nobody may return before a barrier. */
  wgsl: (attrs: Attrs) => string;
}

/** A kernel as WebAssembly; its work is split into units that do not need each other's results. */
export interface WasmSpelling {
  /** Attributes it knows; with others the reference runs. Default: all. */
  suits?: (attrs: Attrs) => boolean;
  units: (dims: Dims) => number;
  /** Multiply-adds, or what takes as long; roughly. */
  work: (dims: Dims, attrs: Attrs) => number;
  /** Units that are worth what each range of them begins with, such as copies of an operand. Default: 1. */
  grain?: (dims: Dims) => number;
  /** Bytes of working memory. */
  scratch: (dims: Dims, attrs: Attrs) => number;
  /** Code that does the units from `frame.from` up to `frame.to`. */
  code: (frame: WasmFrame, attrs: Attrs) => Code;
}

/** What the code of a kernel finds in variables. */
export interface WasmFrame {
  /** Sizes by axis name, i32. */
  dims: Readonly<Record<string, Local>>;
  /** Run-time numbers by name, f32. */
  numbers: Readonly<Record<string, Local>>;
  /** Addresses of the inputs, of the result `y` and of further results, i32. */
  at: Readonly<Record<string, Local>>;
  /** x · y + sum of v128; in one rounding where the user allows that and the engine can. */
  multiplyAdd: (x: Code, y: Code, sum: Code) => Code;
  scratch: Local;
  from: Local;
  to: Local;
}

export interface NamedOperand extends Operand {
  name: string;
}

/** A kernel for one choice of attributes, its signatures parsed. */
export interface Kernel extends KernelSpec {
  attrs: Attrs;
  /** The variant that a person wants, whatever the adapter and the sizes. */
  variant: string | null;
  operands: readonly NamedOperand[];
  result: Operand;
  parts: readonly NamedOperand[];
}

const kernels = new Map<string, KernelSpec>();

/** Checks the signatures of a kernel and returns it; `useKernels` puts it to work. */
export function defineKernel(spec: KernelSpec): KernelSpec {
  resolveKernel(spec, {});
  return spec;
}

/** Lets the planner launch these kernels for the ops of their names. */
export function useKernels(list: Iterable<KernelSpec>): void {
  for (const kernel of list) kernels.set(kernel.name, kernel);
}

let loadKernels: (() => Promise<Iterable<KernelSpec>>) | null = null;
let loading: Promise<void> | null = null;

/** Lets the planner launch kernels that are loaded with the first plan; others of their names stay. */
export function useKernelsOf(load: () => Promise<Iterable<KernelSpec>>): void {
  loadKernels = load;
}

/** Resolves when all kernels are there. */
export function kernelsLoaded(): Promise<void> {
  loading ??= (async () => {
    for (const kernel of (await loadKernels?.()) ?? [])
      if (!kernels.has(kernel.name)) kernels.set(kernel.name, kernel);
  })();
  return loading;
}

export const kernelNamed = (name: string): KernelSpec | undefined => kernels.get(name);

/** A kernel for these attributes; `variant` is the only one to run, `plain` for none. */
export function resolveKernel(
  spec: KernelSpec,
  attrs: Attrs,
  variant: string | null = null,
): Kernel {
  const names = ["plain", ...(spec.variants ?? []).map(({ name }) => name)];
  if (variant !== null && !names.includes(variant))
    throw new ShapeError(
      `withPlan(tiles.${spec.name}): expected ${names.join(" or ")}, got ${variant}`,
    );
  const { inputs, more } = signaturesOf(spec, attrs);
  if ("y" in inputs)
    throw new ShapeError(
      `defineKernel(${spec.name}): expected inputs of other names, got y (the result)`,
    );
  const parseAll = (signatures: Readonly<Record<string, string>>): NamedOperand[] =>
    Object.entries(signatures).map(([name, text]) => ({ name, ...parse(spec.name, text) }));
  const [operands, parts] = [parseAll(inputs), parseAll(more)];
  const output = typeof spec.output === "function" ? spec.output(attrs) : spec.output;
  const kernel = { ...spec, attrs, variant, operands, result: parse(spec.name, output), parts };
  const known = axisNames(kernel);
  for (const { name, axes } of parts)
    for (const [axis] of axes.map(split))
      if (Number.isNaN(Number(axis)) && !known.includes(axis))
        throw new ShapeError(
          `defineKernel(${spec.name}): expected ${name} to have axes of ${known.join(", ")}, got ${axis}`,
        );
  return kernel;
}

/** Buffers that a launch of the kernel binds: all inputs and results. */
export function numBuffers(spec: KernelSpec, attrs: Attrs): number {
  const { inputs, more } = signaturesOf(spec, attrs);
  return Object.keys(inputs).length + 1 + Object.keys(more).length;
}

const signaturesOf = ({ inputs, more = {} }: KernelSpec, attrs: Attrs) => ({
  inputs: typeof inputs === "function" ? inputs(attrs) : inputs,
  more: typeof more === "function" ? more(attrs) : more,
});

/** The names of the axes that a kernel needs sizes of, in a fixed order. */
export function axisNames({ operands, result }: Kernel): string[] {
  const names = [...operands, result].flatMap(({ axes }) => axes.map((axis) => split(axis)[0]));
  return [...new Set(names)].filter((name) => !/^\d/.test(name));
}

/** Sizes of all axes from the shapes of the operands and, where it is known, the result. */
export function solveDims(kernel: Kernel, inputs: readonly Shape[], output?: Shape): Dims {
  const dims: Record<string, number> = {};
  const bind = (where: string, { axes }: Operand, shape: Shape): void => {
    if (shape.length !== axes.length)
      throw new ShapeError(
        `${kernel.name}(${where}): expected [${axes.join(", ")}], got ${showShape(shape)} (${axes.length} axes wanted, ${shape.length} given)`,
      );
    for (const [a, axis] of axes.entries()) {
      const [name, plus] = split(axis);
      dims[name] ??= Number.isNaN(Number(name)) ? shape[a] - plus : Number(name);
      if (dims[name] !== shape[a] - plus)
        throw new ShapeError(
          `${kernel.name}(${where}): expected [${axes.join(", ")}], got ${showShape(shape)} (${name} is ${dims[name]} elsewhere)`,
        );
    }
  };
  for (const [which, operand] of kernel.operands.entries())
    bind(operand.name, operand, inputs[which]);
  if (output) bind("y", kernel.result, output);
  return dims;
}

/** How many elements an operand of these axes has. */
export function elements(axes: readonly string[], dims: Dims): number {
  return axes
    .map(split)
    .reduce((size, [name, plus]) => size * ((dims[name] ?? Number(name)) + plus), 1);
}

/**
 * How many elements of an operand one place along an axis is (0: it has no such axis), and how many
 * places it has more than the axis is long. Null if the places do not lie one after the other.
 */
export function pitchOf(
  { axes }: Operand,
  axis: string,
  dims: Dims,
): { step: number; more: number } | null {
  const at = axes.findIndex((name) => split(name)[0] === axis);
  if (at < 0) return { step: 0, more: 0 };
  if (elements(axes.slice(0, at), dims) !== 1) return null;
  return { step: elements(axes.slice(at + 1), dims), more: split(axes[at])[1] };
}

/** The same as an expression of WGSL. */
export function elementsIn(axes: readonly string[]): string {
  const sizes = axes.map(split).map(([name, plus]) => {
    const size = /^\d/.test(name) ? `${name}u` : `dims.${name}`;
    return plus === 0 ? size : `(${size} + ${plus}u)`;
  });
  return sizes.join(" * ") || "1u";
}

/** "S+1" → ["S", 1] */
function split(axis: string): [name: string, plus: number] {
  const [name, plus = "0"] = axis.split("+");
  return [name, Number(plus)];
}

function parse(kernel: string, text: string): Operand {
  const match = /^(f32|i32|u32|bool) \[(.*)\]$/.exec(text);
  if (!match) throw new ShapeError(`defineKernel(${kernel}): expected "f32 [R, F]", got "${text}"`);
  const axes = match[2].split(",").map((axis) => axis.trim());
  return { dtype: match[1] as DType, axes: axes.filter((axis) => axis !== "") };
}
