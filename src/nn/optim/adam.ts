import { commit, type Tensor } from "../../engine/tensor.ts";
import { parameters, type StoredTensor, setParameters } from "../module.ts";
import { Memory } from "./memory.ts";
import { type Optimizer, type PerParameter, valueFor } from "./optimizer.ts";

export interface AdamOptions {
  learningRate?: number;
  /** Decay of the running means of g and g². */
  betas?: readonly [number, number];
  epsilon?: number;
  /** Decoupled (AdamW, Loshchilov & Hutter 2019, arXiv:1711.05101): p shrinks by learningRate · weightDecay. */
  weightDecay?: PerParameter;
  /** Classic weight decay λ: the gradient of ½ λ p² is added to g. */
  l2?: PerParameter;
  /** Divide by the greatest v so far (Reddi et al. 2018, arXiv:1904.09237). */
  amsgrad?: boolean;
}

const greatest = "max_exp_avg_sq";
type Kind = "exp_avg" | "exp_avg_sq" | typeof greatest;

/**
 * Adam, Kingma & Ba 2015 (arXiv:1412.6980).
 *
 *   m ← β₁ m + (1 − β₁) g          v ← β₂ v + (1 − β₂) g²
 *   p ← p − η m / (1 − β₁ᵗ) / (√v / √(1 − β₂ᵗ) + ε)
 *
 * The bias corrections are computed in double precision and travel as numbers, so no step compiles.
 */
export class Adam implements Optimizer {
  readonly model: object;
  learningRate: number;
  private readonly options: Required<Omit<AdamOptions, "learningRate">>;
  private readonly memory: Memory<Kind>;

  constructor(model: object, options: AdamOptions = {}) {
    const { learningRate = 1e-3, betas = [0.9, 0.999], epsilon = 1e-8 } = options;
    const { weightDecay = 0, l2 = 0, amsgrad = false } = options;
    this.model = model;
    this.learningRate = learningRate;
    this.options = { betas, epsilon, weightDecay, l2, amsgrad };
    const kinds: readonly Kind[] = ["exp_avg", "exp_avg_sq", greatest];
    this.memory = new Memory(model, kinds.slice(0, amsgrad ? 3 : 2));
  }

  /** Steps taken. */
  get step(): number {
    return this.memory.steps;
  }

  state(): Map<string, Tensor> {
    return this.memory.state();
  }

  load(state: ReadonlyMap<string, StoredTensor>, source = "Adam.load"): void {
    this.memory.load(state, source);
  }

  update(grads: ReadonlyMap<string, Tensor>): void {
    const updated = new Map<string, Tensor>();
    const remembered: Tensor[] = [];
    for (const [name, p] of parameters(this.model)) {
      const gradient = grads.get(name);
      if (!gradient) continue;
      const { betas, epsilon, weightDecay, l2, amsgrad } = this.options;
      const [beta1, beta2] = betas;
      const before = this.memory.recall(name, p);
      const step = before.steps + 1;
      const rate = this.learningRate / (1 - beta1 ** step);
      const correction = 1 / Math.sqrt(1 - beta2 ** step);
      const pull = valueFor(l2, name);
      const g = pull === 0 ? gradient : gradient.add(p.mul(pull));
      const m = before.exp_avg.mul(beta1).add(g.mul(1 - beta1));
      const v = before.exp_avg_sq.mul(beta2).add(g.square().mul(1 - beta2));
      const most = amsgrad ? before.max_exp_avg_sq.maximum(v) : v;
      const change = m.mul(rate).div(most.sqrt().mul(correction).add(epsilon));
      const shrinkage = this.learningRate * valueFor(weightDecay, name);
      updated.set(name, (shrinkage === 0 ? p : p.mul(1 - shrinkage)).sub(change));
      const means = { exp_avg: m, exp_avg_sq: v, ...(amsgrad && { [greatest]: most }) };
      remembered.push(...this.memory.remember(name, step, means));
    }
    setParameters(this.model, updated);
    commit([...updated.values(), ...remembered]);
  }
}
