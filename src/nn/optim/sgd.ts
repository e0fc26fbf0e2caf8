import type { Tensor } from "../../engine/tensor.ts";
import type { StoredTensor } from "../module.ts";
import { addDecay, Memory } from "./memory.ts";
import type { Optimizer, PerParameter } from "./optimizer.ts";

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
  learningRate: number;
  private readonly momentum: number;
  private readonly l2: PerParameter;
  private readonly memory: Memory<"momentum_buffer">;

  constructor(model: object, { learningRate, momentum = 0, l2 = 0 }: SgdOptions) {
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
    this.memory.update(grads, ({ p, g: gradient, before, setting }) => {
      const g = addDecay(gradient, p, setting(this.l2));
      const b = this.momentum === 0 ? g : before.momentum_buffer.mul(this.momentum).add(g);
      return { p: p.sub(b.mul(this.learningRate)), momentum_buffer: b };
    });
  }
}
