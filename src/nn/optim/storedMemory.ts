import { tensor } from "../../engine/create.ts";
import { FormatError } from "../../engine/errors.ts";
import { type Shape, sameShape, showShape } from "../../engine/shape.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { type StoredTensor, snakeCase } from "../module.ts";

/** Steps that a parameter took, and what was remembered of it, by its name. */
export type StoredMemory<Kind extends string> = ReadonlyMap<
  string,
  { steps: number; tensors: Readonly<Record<Kind, Tensor>> }
>;

/**
 * Finds `<parameter>.<kind>` and `<parameter>.step` for every parameter that took steps. Throws
 * `FormatError`, naming `source`, if one is missing, of another shape, or left over.
 */
export function readMemory<Kind extends string>(
  parameters: ReadonlyMap<string, Tensor>,
  kinds: readonly Kind[],
  state: ReadonlyMap<string, StoredTensor>,
  source: string,
): StoredMemory<Kind> {
  const left = new Set(state.keys());
  const keyOf = (name: string) => [snakeCase(name), name].find((key) => state.has(key));
  const read = (name: string, shape: Shape) => {
    const key = keyOf(name) ?? name;
    const found = state.get(key);
    if (!found || !sameShape(found.shape, shape))
      throw new FormatError(
        `${source}: expected ${name} of shape ${showShape(shape)}, got ${found ? showShape(found.shape) : "none"}`,
      );
    left.delete(key);
    return Float64Array.from(found.data as ArrayLike<number>, Number);
  };
  const stored = [...parameters].filter(([name]) => keyOf(`${name}.step`) !== undefined);
  const memory = stored.map(([name, { shape }]) => {
    const tensors = kinds.map((kind) => [kind, tensor(read(`${name}.${kind}`, shape), shape)]);
    const [steps] = read(`${name}.step`, []);
    return [name, { steps, tensors: Object.fromEntries(tensors) as Record<Kind, Tensor> }] as const;
  });
  for (const key of left)
    throw new FormatError(`${source}: expected state of the model's parameters, got ${key}`);
  return new Map(memory);
}
