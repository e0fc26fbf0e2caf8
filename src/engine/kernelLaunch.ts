/** What a launch of a kernel needs on a graph of given sizes. */
import type { DType } from "./dtype.ts";
import type { Expr } from "./expr.ts";
import { axisNames, type Dims, elements, type Kernel, solveDims } from "./kernel.ts";
import type { Launch } from "./plan.ts";
import type { Shape } from "./shape.ts";

/** Type and shape of the results that a launch makes and nobody reads. */
export function unreadParts(
  { kernel, writes }: Launch,
  nodes: readonly Expr[],
): { dtype: DType; shape: Shape }[] {
  if (!kernel || !writes.includes(null)) return [];
  const { parts } = kernel.kernel;
  const node = nodes[kernel.at];
  const shapes = node.inputs.map(({ shape }) => shape);
  const { dims } = kernelParams(kernel.kernel, shapes, node);
  const first = writes.length - parts.length;
  return parts
    .filter((_, which) => writes[first + which] === null)
    .map(({ dtype, axes }) => ({ dtype, shape: axes.map((axis) => elements([axis], dims)) }));
}

/** Sizes of a kernel launch by name, and what its shader receives: sizes, then numbers. */
export function kernelParams(
  kernel: Kernel,
  inputs: readonly Shape[],
  output: Expr,
): { dims: Dims; params: number[] } {
  const sizes = solveDims(kernel, inputs, output.shape);
  const numbers = (kernel.numbers ?? []).map((name, which) => [name, output.values[which]]);
  const dims: Dims = { ...sizes, ...Object.fromEntries(numbers) };
  return { dims, params: [...axisNames(kernel).map((name) => sizes[name]), ...output.values] };
}
