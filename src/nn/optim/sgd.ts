import { commit, type Tensor } from "../../engine/tensor.ts";
import { parameters, type StoredTensor, setParameters } from "../module.ts";
import { Memory } from "./memory.ts";
import { type Optimizer, type PerParameter, valueFor } from "./optimizer.ts";

export interface SgdOptions {
  learningRate: number;
  momentum?: number;
  /** Classic weight decay λ: the gradient of ½ λ p² is added to g. */
  l2?: PerParameter;
}

/**
 * Gradient descent with momentum (Polyak 1964, doi:10.1016/0041-5553(64)90137-5).
 *
 *   b ← μ b + g          p ← p − η b
 */
export class Sgd implements Optimizer {
  readonly model: object;
  learningRate: number;
  private readonly momentum: number;
  private readonly l2: PerParameter;
  private readonly memory: Memory<"momentum_buffer">;

  constructor(model: object, { learningRate, momentum = 0, l2 = 0 }: SgdOptions) {
    this.model = model;
    this.learningRate = learningRate;
    this.momentum = momentum;
    this.l2 = l2;
    this.memory = new Memory(model, momentum === 0 ? [] : ["momentum_buffer"]);
  }

  state(): Map<string, Tensor> {
    return this.memory.state();
  }

  load(state: ReadonlyMap<string, StoredTensor>, source = "Sgd.load"): void {
    this.memory.load(state, source);
  }

  update(grads: ReadonlyMap<string, Tensor>): void {
    const updated = new Map<string, Tensor>();
    const remembered: Tensor[] = [];
    for (const [name, p] of parameters(this.model)) {
      const gradient = grads.get(name);
      if (!gradient) continue;
      const pull = valueFor(this.l2, name);
      const g = pull === 0 ? gradient : gradient.add(p.mul(pull));
      const { steps, momentum_buffer: before } = this.memory.recall(name, p);
      const b = this.momentum === 0 ? g : before.mul(this.momentum).add(g);
      const kept = this.momentum === 0 ? {} : { momentum_buffer: b };
      remembered.push(...this.memory.remember(name, steps + 1, kept));
      updated.set(name, p.sub(b.mul(this.learningRate)));
    }
    setParameters(this.model, updated);
    commit([...updated.values(), ...remembered]);
  }
}
