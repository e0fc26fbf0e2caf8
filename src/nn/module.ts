/**
 * A model is a tree of plain objects: fields are tensors, layers, lists of layers, or options.
 * Its parameters are its tensor fields, named by the path to them.
 */
import type { HostArray } from "../engine/dtype.ts";
import { FormatError } from "../engine/errors.ts";
import { type Shape, sameShape, showShape } from "../engine/shape.ts";
import { Tensor, tensor } from "../engine/tensor.ts";

/** A tensor as it lies in a file. */
export interface StoredTensor {
  shape: Shape;
  data: ArrayLike<number | bigint>;
}

/** Where a parameter sits: reading and replacing it. */
interface Slot {
  name: string;
  owner: Record<string, unknown>;
  field: string;
}

/** Every tensor of the model by its path, like `encoder.layers.0.linear1.weight`. */
export function parameters(model: object): Map<string, Tensor> {
  return new Map(slots(model).map(({ name, owner, field }) => [name, owner[field] as Tensor]));
}

/**
 * Replaces all parameters by stored ones. Names are compared in snake case, so a field `selfAttn`
 * answers to the `self_attn` of PyTorch state dicts. Throws `FormatError`, naming `source`, if one
 * is missing, left over, or of another shape; then the model is unchanged.
 */
export function loadParameters(
  model: object,
  stored: ReadonlyMap<string, StoredTensor>,
  source = "loadParameters",
): void {
  const wanted = slots(model);
  const loaded = wanted.map((slot) => {
    const key = snakeCase(slot.name);
    const { shape } = slot.owner[slot.field] as Tensor;
    const found = stored.get(key) ?? stored.get(slot.name);
    if (!found)
      throw new FormatError(
        `${source}: expected the key ${key} ${showShape(shape)}, got none (of ${stored.size} keys)`,
      );
    if (!sameShape(found.shape, shape))
      throw new FormatError(
        `${source}: expected ${key} of shape ${showShape(shape)}, got ${showShape(found.shape)}`,
      );
    return tensor(hostOf(found.data), shape);
  });
  const known = new Set(wanted.flatMap(({ name }) => [name, snakeCase(name)]));
  const extra = [...stored.keys()].find((key) => !known.has(key));
  if (extra !== undefined)
    throw new FormatError(
      `${source}: expected only keys of the model, got ${extra} ${showShape(stored.get(extra)?.shape ?? [])}`,
    );
  for (const [which, { owner, field }] of wanted.entries()) owner[field] = loaded[which];
}

/** selfAttn.inProjWeight → self_attn.in_proj_weight */
export const snakeCase = (name: string): string =>
  name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

function slots(model: object, path = ""): Slot[] {
  const owner = model as Record<string, unknown>;
  return Object.entries(owner).flatMap(([field, value]) => {
    const name = path === "" ? field : `${path}.${field}`;
    if (value instanceof Tensor) return [{ name, owner, field }];
    return value !== null && typeof value === "object" && !ArrayBuffer.isView(value)
      ? slots(value, name)
      : [];
  });
}

function hostOf(data: ArrayLike<number | bigint>): HostArray {
  if (data instanceof Float32Array || data instanceof Float64Array) return data;
  return Float64Array.from(data as ArrayLike<number>, Number);
}
