/** Ops of your own: a kernel, what it means in terms of other ops, and its gradient. */
import { compositeNamed, defineComposite } from "./composite.ts";
import { DTypeError, ShapeError } from "./errors.ts";
import { elements, type KernelSpec, resolveKernel, solveDims, useKernels } from "./kernel.ts";
import { Tensor, wrap } from "./tensor.ts";

export interface KernelOpOptions {
  /** The same value from other ops: the meaning, the reference of every check, and the fallback. */
  compose: (inputs: readonly Tensor[], numbers: Readonly<Record<string, number>>) => Tensor;
  /** Gradients of the inputs from dL/dy. Default: those of `compose`. */
  grad?: (
    dy: Tensor,
    inputs: readonly Tensor[],
    y: Tensor,
    numbers: Readonly<Record<string, number>>,
  ) => readonly (Tensor | null)[];
}

/**
 * Puts a kernel of your own to work: returns the op that it computes, which fuses, differentiates and can
 * be switched off like those of the package.
 *
 * The kernel's signatures must be fixed, and every axis of its output be one of an input. Throws
 * `ShapeError` if its name is taken; the op throws `ShapeError` or `DTypeError` for inputs that do not fit.
 */
export function kernelOp(
  kernel: KernelSpec,
  { compose, grad }: KernelOpOptions,
): (inputs: readonly Tensor[], numbers?: Readonly<Record<string, number>>) => Tensor {
  const { name, numbers: names = [] } = kernel;
  if (compositeNamed(name))
    throw new ShapeError(`kernelOp(${name}): expected a new name, got one that is taken`);
  const resolved = resolveKernel(kernel, {});
  const { operands, result } = resolved;
  const numbersOf = (values: readonly number[]) =>
    Object.fromEntries(names.map((number, which) => [number, values[which]]));
  const make = defineComposite({
    name,
    dtype: result.dtype,
    shape: (inputs) => {
      const shapes = inputs.map(({ shape }) => shape);
      const dims = solveDims(resolved, shapes);
      return result.axes.map((axis) => elements([axis], dims));
    },
    compose: (inputs, { values }) =>
      compose(
        inputs.map((input) => new Tensor(input)),
        numbersOf(values),
      ).expr,
    ...(grad && {
      grad: (dy, inputs, y, { values }) => [...grad(dy, inputs, y, numbersOf(values))],
    }),
  });
  useKernels([kernel]);
  return (inputs, numbers = {}) => {
    if (inputs.length !== operands.length)
      throw new ShapeError(`${name}: expected ${operands.length} inputs, got ${inputs.length}`);
    for (const [which, { dtype }] of operands.entries())
      if (inputs[which].dtype !== dtype)
        throw new DTypeError(
          `${name}(${operands[which].name}): expected ${dtype}, got ${inputs[which].dtype}`,
        );
    for (const number of names)
      if (!Number.isFinite(numbers[number]))
        throw new ShapeError(`${name}(${number}): expected a number, got ${numbers[number]}`);
    const exprs = inputs.map(({ expr }) => expr);
    const values = names.map((number) => numbers[number]);
    return wrap(make(exprs, {}, values), inputs);
  };
}
