import { tensor, zeros } from "../../engine/create.ts";
import { FormatError } from "../../engine/errors.ts";
import { sameShape, showShape } from "../../engine/shape.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { parameters, type StoredTensor, snakeCase } from "../module.ts";

interface Entry {
  /** Taken by this parameter: one that gets no gradient takes none. */
  steps: number;
  tensors: Partial<Record<string, Tensor>>;
}

/** What an optimizer remembers of each parameter: steps taken, and tensors of the parameter's shape. */
export class Memory<Kind extends string> {
  private readonly model: object;
  private readonly kinds: readonly Kind[];
  private readonly entries = new Map<string, Entry>();

  constructor(model: object, kinds: readonly Kind[]) {
    this.model = model;
    this.kinds = kinds;
  }

  /** Before its first step, a parameter has zeros. */
  recall(name: string, { shape }: Tensor): { steps: number } & Record<Kind, Tensor> {
    const { steps, tensors } = this.entries.get(name) ?? { steps: 0, tensors: {} };
    const known = this.kinds.map((kind) => [kind, tensors[kind] ?? zeros(shape)]);
    return { steps, ...(Object.fromEntries(known) as Record<Kind, Tensor>) };
  }

  /** Replaces what is known; returns the tensors, which the caller commits. */
  remember(name: string, steps: number, tensors: Partial<Record<Kind, Tensor>>): Tensor[] {
    this.entries.set(name, { steps, tensors });
    return Object.values(tensors) as Tensor[];
  }

  /** Steps of the parameter that took most. */
  get steps(): number {
    return Math.max(0, ...[...this.entries.values()].map(({ steps }) => steps));
  }

  state(): Map<string, Tensor> {
    const state = new Map<string, Tensor>();
    for (const [name, { steps, tensors }] of this.entries) {
      for (const kind of this.kinds) state.set(`${name}.${kind}`, tensors[kind] as Tensor);
      state.set(`${name}.step`, tensor([steps], []));
    }
    return state;
  }

  load(state: ReadonlyMap<string, StoredTensor>, source: string): void {
    const left = new Set(state.keys());
    const loaded = new Map<string, Entry>();
    for (const [name, { shape }] of parameters(this.model)) {
      const stored = (kind: string, wanted: readonly number[]) => {
        const key = [`${snakeCase(name)}.${kind}`, `${name}.${kind}`].find((at) => state.has(at));
        const found = key === undefined ? undefined : state.get(key);
        if (!found || !sameShape(found.shape, wanted))
          throw new FormatError(
            `${source}: expected ${name}.${kind} of shape ${showShape(wanted)}, got ${found ? showShape(found.shape) : "none"}`,
          );
        left.delete(key as string);
        return Float64Array.from(found.data as ArrayLike<number>, Number);
      };
      if (!left.has(`${snakeCase(name)}.step`) && !left.has(`${name}.step`)) continue;
      const tensors = this.kinds.map((kind) => [kind, tensor(stored(kind, shape), shape)]);
      const [steps] = stored("step", []);
      loaded.set(name, { steps, tensors: Object.fromEntries(tensors) });
    }
    for (const key of left)
      throw new FormatError(`${source}: expected state of the model's parameters, got ${key}`);
    this.entries.clear();
    for (const [name, entry] of loaded) this.entries.set(name, entry);
  }
}
