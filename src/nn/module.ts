/**
 * A model is a tree of plain objects: fields are tensors, layers, lists of layers, or options.
 * Its parameters are its tensor fields, named by the path to them.
 */
import { gradients } from "../engine/autograd.ts";
import { tensor } from "../engine/create.ts";
import { type HostArray, isFloat } from "../engine/dtype.ts";
import { FormatError } from "../engine/errors.ts";
import type { Expr } from "../engine/expr.ts";
import { expectFloat16 } from "../engine/float16.ts";
import { type Shape, sameShape, showShape } from "../engine/shape.ts";
import { commit, Tensor } from "../engine/tensor.ts";

/** A tensor as it lies in a file. */
export interface StoredTensor {
  shape: Shape;
  data: ArrayLike<number | bigint>;
}

/** A tensor that belongs to a model and is not trained, like the running mean of a normalisation. */
export class Statistic {
  value: Tensor;
  private before: Tensor | null = null; // what was replaced, if it was made by a step
  private made: Tensor | null = null;

  constructor(value: Tensor) {
    this.value = value;
  }

  /** Goes on from another value. The one before may be read until the next replacement is computed. */
  replace(value: Tensor): void {
    commit([value], { frees: this.before ? [this.before] : [] });
    this.before = this.value === this.made ? this.made : null;
    this.value = value;
    this.made = value;
  }
}

/** Where a tensor of the model sits: reading and replacing it. */
interface Slot {
  name: string;
  owner: Record<string, unknown>;
  field: string;
  isTrained: boolean;
}

/** What a checkpoint holds besides the model is named with this in front. */
export const trainingPrefix = "training.";

/** Every trained tensor of the model by its path, like `encoder.layers.0.linear1.weight`. */
export const parameters = (model: object): Map<string, Tensor> =>
  tensorsOf(slots(model).filter(({ isTrained }) => isTrained));

/** Parameters and statistics by path: all that a forward pass depends on. */
export const modelState = (model: object): Map<string, Tensor> => tensorsOf(slots(model));

const tensorsOf = (found: readonly Slot[]): Map<string, Tensor> =>
  new Map(found.map(({ name, owner, field }) => [name, owner[field] as Tensor]));

/**
 * Replaces all parameters and statistics by stored ones. Names are compared in snake case, so a field
 * `selfAttn` answers to the `self_attn` of PyTorch state dicts. Throws `FormatError`, naming `source`,
 * if one is missing, left over, or of another shape; then the model is unchanged. Each keeps its dtype: what is
 * stored as f32 is rounded for a parameter of f16, if f16 can hold it (else a `DTypeError`).
 */
export function loadParameters(
  model: object,
  stored: ReadonlyMap<string, StoredTensor>,
  source = "loadParameters",
): void {
  const wanted = slots(model);
  const loaded = wanted.map((slot) => {
    const key = snakeCase(slot.name);
    const { shape, dtype } = slot.owner[slot.field] as Tensor;
    const found = stored.get(key) ?? stored.get(slot.name);
    if (!found)
      throw new FormatError(
        `${source}: expected the key ${key} ${showShape(shape)}, got none (of ${stored.size} keys)`,
      );
    if (!sameShape(found.shape, shape))
      throw new FormatError(
        `${source}: expected ${key} of shape ${showShape(shape)}, got ${showShape(found.shape)}`,
      );
    const data = hostOf(found.data);
    if (dtype === "f16") expectFloat16(`${source}: ${key}`, data);
    return tensor(data, shape, { dtype });
  });
  const known = new Set(wanted.flatMap(({ name }) => [name, snakeCase(name)]));
  const extra = [...stored.keys()].find((key) => !known.has(key) && !isBeside(key));
  if (extra !== undefined)
    throw new FormatError(
      `${source}: expected only keys of the model, got ${extra} ${showShape(stored.get(extra)?.shape ?? [])}`,
    );
  for (const [which, { owner, field }] of wanted.entries()) owner[field] = loaded[which];
}

/** State of a training in its checkpoint, and PyTorch's count of batches, which nothing here reads. */
const isBeside = (key: string): boolean =>
  key.startsWith(trainingPrefix) || key.endsWith("num_batches_tracked");

/** Replaces parameters by name, as an optimizer does. */
export function setParameters(model: object, values: ReadonlyMap<string, Tensor>): void {
  for (const { name, owner, field } of slots(model)) {
    const value = values.get(name);
    if (value) owner[field] = value;
  }
}

/**
 * The loss, and its gradient by name for every parameter that it depends on: the others have no
 * entry, and optimizers leave them alone. Nothing is computed yet.
 */
export function valueAndGrad<Model extends object>(
  model: Model,
  loss: (model: Model) => Tensor,
): { value: Tensor; grads: Map<string, Tensor> } {
  const value = loss(model);
  const reached = sourcesOf(value.expr);
  const named = [...parameters(model)].filter(([, { expr }]) => reached.has(expr));
  const found = gradients(
    value,
    named.map(([, parameter]) => parameter),
  );
  return { value, grads: new Map(named.map(([name], which) => [name, found[which]])) };
}

/** The expressions that gradients of `loss` can arrive at. */
function sourcesOf(loss: Expr): Set<Expr> {
  const reached = new Set([loss]);
  for (const { op, inputs } of reached) {
    if (op === "stopGradient") continue;
    for (const input of inputs) if (isFloat(input.dtype)) reached.add(input); // also visited
  }
  return reached;
}

/** selfAttn.inProjWeight → self_attn.in_proj_weight */
export const snakeCase = (name: string): string =>
  name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

function slots(model: object, path = ""): Slot[] {
  const owner = model as Record<string, unknown>;
  return Object.entries(owner).flatMap(([field, value]): Slot[] => {
    const name = path === "" ? field : `${path}.${field}`;
    if (value instanceof Tensor) return [{ name, owner, field, isTrained: true }];
    if (value instanceof Statistic)
      return [
        {
          name,
          owner: value as object as Record<string, unknown>,
          field: "value",
          isTrained: false,
        },
      ];
    return value !== null && typeof value === "object" && !ArrayBuffer.isView(value)
      ? slots(value, name)
      : [];
  });
}

function hostOf(data: ArrayLike<number | bigint>): HostArray {
  if (data instanceof Float32Array || data instanceof Float64Array) return data;
  return Float64Array.from(data as ArrayLike<number>, Number);
}
