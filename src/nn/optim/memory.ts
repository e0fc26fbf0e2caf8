import { full, tensor, zeros } from "../../engine/create.ts";
import { pack, pieces } from "../../engine/pack.ts";
import type { Shape } from "../../engine/shape.ts";
import { commit, type Operand, type Tensor } from "../../engine/tensor.ts";
import { parameters, type StoredTensor, setParameters } from "../module.ts";
import { type PerParameter, valueFor } from "./optimizer.ts";
import { readMemory, type StoredMemory } from "./storedMemory.ts";

/** Parameters that have always been updated together. They, and what is known of them, are packed. */
interface Group<Kind extends string> {
  names: readonly string[];
  shapes: readonly Shape[];
  /** Taken by these parameters: those that get no gradient take none. */
  steps: number;
  tensors: Record<Kind, Tensor>;
  /** The parameters, if nothing else lies in their buffer. */
  packed: Tensor | null;
  /** What the last step replaced: it may be read until the next one is computed. */
  replaced: readonly Tensor[];
  /** Numbers that differ between parameters, by the setting that they come from. */
  constants: Map<PerParameter, { values: string; tensor: Tensor }>;
}

/** What a rule of updating sees of parameters, packed: f32 [total]. */
export interface Packed<Kind extends string> {
  p: Tensor;
  g: Tensor;
  /** Zeros before the first step. */
  before: Record<Kind, Tensor>;
  /** Number of this step, from 1. */
  step: number;
  /** One number for all elements, or one for each. */
  setting: (of: PerParameter) => Operand;
}

/** What it makes of them; kinds that the optimizer does not keep are ignored. */
export type Updated<Kind extends string> = { p: Tensor } & Record<Kind, Tensor>;

/**
 * What an optimizer remembers of a model's parameters: steps taken, and tensors of their shapes.
 *
 * All parameters are packed into one buffer, and so is each kind of memory, so that one launch updates
 * them all. If some stop getting gradients while others go on, the group is split, once and for all:
 * each part is then updated by a launch of its own.
 */
export class Memory<Kind extends string> {
  private readonly model: object;
  private readonly kinds: readonly Kind[];
  private groups: Group<Kind>[] = [];

  constructor(model: object, kinds: readonly Kind[]) {
    this.model = model;
    this.kinds = kinds;
    this.restart([[...this.trained().keys()]], new Map());
  }

  /** Steps of the parameters that took most. */
  get steps(): number {
    return Math.max(0, ...this.groups.map(({ steps }) => steps));
  }

  /** Replaces parameters that have gradients, and what is known of them, by what `rule` makes of them. */
  update(grads: ReadonlyMap<string, Tensor>, rule: (packed: Packed<Kind>) => Updated<Kind>): void {
    this.groups = this.groups.flatMap((group) => this.split(group, (name) => grads.has(name)));
    for (const group of this.groups) {
      const { names, shapes, tensors: before } = group;
      if (!grads.has(names[0])) continue;
      const p = this.pack(names);
      const g = pack(names.map((name) => grads.get(name) as Tensor));
      const setting = (of: PerParameter) => this.setting(of, group);
      const after = rule({ p, g, before, step: group.steps + 1, setting });
      const isOwn = p.expr === group.packed?.expr;
      commit([after.p, ...this.values(after)], { frees: group.replaced });
      group.replaced = [...this.values(before), ...(isOwn ? [p] : [])];
      group.steps++;
      group.tensors = after;
      group.packed = after.p;
      this.place(names, after.p, shapes);
    }
  }

  /** Under the names of PyTorch; of parameters that took a step. */
  state(): Map<string, Tensor> {
    const found = new Map<string, Tensor>();
    for (const { names, shapes, steps, tensors } of this.groups) {
      const parts = this.kinds.map((kind) => [kind, pieces(tensors[kind], shapes)] as const);
      for (const [which, name] of names.entries()) {
        for (const [kind, of] of parts) found.set(`${name}.${kind}`, of[which]);
        if (steps > 0) found.set(`${name}.step`, tensor([steps], []));
      }
    }
    const inOrder = [...this.trained().keys()].flatMap((name) =>
      found.has(`${name}.step`) ? [...this.kinds, "step"].map((kind) => `${name}.${kind}`) : [],
    );
    return new Map(inOrder.map((key) => [key, found.get(key) as Tensor]));
  }

  load(state: ReadonlyMap<string, StoredTensor>, source: string): void {
    const known = readMemory(this.trained(), this.kinds, state, source);
    const bySteps = new Map<number, string[]>();
    for (const name of this.trained().keys()) {
      const steps = known.get(name)?.steps ?? 0;
      bySteps.set(steps, [...(bySteps.get(steps) ?? []), name]);
    }
    this.restart([...bySteps.values()], known);
  }

  private trained(): Map<string, Tensor> {
    return new Map([...parameters(this.model)].filter(([, { dtype }]) => dtype === "f32"));
  }

  /** The packed parameters of these names: the very tensor that they are pieces of, if there is one. */
  private pack(names: readonly string[]): Tensor {
    const now = parameters(this.model);
    return pack(names.map((name) => now.get(name) as Tensor));
  }

  /** Makes the parameters of these names pieces of `packed`. */
  private place(names: readonly string[], packed: Tensor, shapes: readonly Shape[]): void {
    const parts = pieces(packed, shapes);
    setParameters(this.model, new Map(names.map((name, which) => [name, parts[which]])));
  }

  /**
   * Packs parameters and memory anew, ahead of the first step, so that all steps have the same plan;
   * into memory of their own, because other models may hold these parameters too.
   */
  private restart(groups: readonly (readonly string[])[], known: StoredMemory<Kind>): void {
    const now = this.trained();
    this.groups = groups
      .filter(({ length }) => length > 0)
      .map((names): Group<Kind> => {
        const trained = names.map((name) => now.get(name) as Tensor);
        const shapes = trained.map(({ shape }) => shape);
        const packed = pack(trained.map((parameter) => parameter.stopGradient()));
        this.place(names, packed, shapes);
        const steps = known.get(names[0])?.steps ?? 0;
        const tensors = this.collect((kind) =>
          steps === 0
            ? zeros(packed.shape)
            : pack(names.map((name) => known.get(name)?.tensors[kind] as Tensor)),
        );
        commit([packed, ...this.values(tensors)], { ahead: true });
        return { names, shapes, steps, tensors, packed, replaced: [], constants: new Map() };
      });
  }

  /** The members of a group that satisfy `isChosen`, and those that do not, as groups of their own. */
  private split(group: Group<Kind>, isChosen: (name: string) => boolean): Group<Kind>[] {
    const all = group.names.map((_, which) => which);
    const halves = [true, false].map((wanted) =>
      all.filter((which) => isChosen(group.names[which]) === wanted),
    );
    if (halves.some(({ length }) => length === 0)) return [group];
    return halves.map((members) => {
      const only = <T>(of: readonly T[]): T[] => members.map((which) => of[which]);
      const tensors = this.collect((kind) => pack(only(pieces(group.tensors[kind], group.shapes))));
      const [names, shapes] = [only(group.names), only(group.shapes)];
      return { ...group, names, shapes, tensors, packed: null, replaced: [], constants: new Map() };
    });
  }

  /** One number if that serves all parameters of the model; so it never depends on the groups. */
  private setting(
    of: PerParameter,
    { names, shapes, constants }: Pick<Group<Kind>, "names" | "shapes" | "constants">,
  ): Operand {
    const all = new Set([...this.trained().keys()].map((name) => valueFor(of, name)));
    if (all.size === 1) return [...all][0];
    const each = names.map((name) => valueFor(of, name));
    const values = each.join();
    const known = constants.get(of);
    if (known?.values === values) return known.tensor;
    const made = pack(shapes.map((shape, which) => full(shape, each[which])));
    commit([made], { ahead: true });
    constants.set(of, { values, tensor: made });
    return made;
  }

  private collect(tensorOf: (kind: Kind) => Tensor): Record<Kind, Tensor> {
    const entries = this.kinds.map((kind) => [kind, tensorOf(kind)]);
    return Object.fromEntries(entries) as Record<Kind, Tensor>;
  }

  private values(tensors: Record<Kind, Tensor>): Tensor[] {
    return this.kinds.map((kind) => tensors[kind]);
  }
}

/** The gradient with that of ½ λ p² added. */
export const addDecay = (g: Tensor, p: Tensor, lambda: Operand): Tensor =>
  lambda === 0 ? g : g.add(p.mul(lambda));
