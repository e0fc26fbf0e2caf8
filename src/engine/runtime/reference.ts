/** A kernel's plain loops, as a launch calls them: with buffers and parameters in order. */
import type { DType, HostArray } from "../dtype.ts";
import { axisNames, elements, type Kernel } from "../kernel.ts";
import type { Program, ValueType } from "../program.ts";

export interface Reference {
  /** `buffers`: operands, what a finishing program reads and writes, further results. */
  run: (buffers: readonly HostArray[], params: readonly number[]) => void;
  dtypes: readonly DType[];
  /** Of its own parameters, which come before those of a finishing program. */
  paramTypes: readonly ValueType[];
}

/** The results lie where `finish`, if there is one, stores its first. */
export function referenceOf(kernel: Kernel, finish: Program | null): Reference {
  const { operands, result, parts, attrs, numbers = [] } = kernel;
  const sizes = axisNames(kernel);
  const names = [...sizes, ...numbers];
  const numInputs = finish?.buffers.filter(({ written }) => !written).length ?? 0;
  const outputs = finish?.buffers.map(({ dtype }) => dtype) ?? [result.dtype];
  return {
    run: (buffers, params) => {
      const dims = Object.fromEntries(names.map((name, which) => [name, params[which]]));
      const part = (slot: number, axes: readonly string[]): HostArray =>
        buffers[slot].subarray(0, elements(axes, dims));
      const inputs = operands.map(({ axes }, slot) => part(slot, axes));
      const y = part(operands.length + numInputs, result.axes).fill(0);
      const first = buffers.length - parts.length;
      const more = Object.fromEntries(
        parts.map(({ name, axes }, which) => [name, part(first + which, axes).fill(0)]),
      );
      kernel.reference(inputs, y, dims, attrs, more);
    },
    dtypes: [...operands.map(({ dtype }) => dtype), ...outputs, ...parts.map(({ dtype }) => dtype)],
    paramTypes: [...sizes.map((): ValueType => "index"), ...numbers.map((): ValueType => "f32")],
  };
}
