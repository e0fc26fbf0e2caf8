import type { Operand, Tensor } from "../../engine/tensor.ts";
import type { StoredTensor } from "../module.ts";
import { addDecay, Memory, type Packed, type Updated } from "./memory.ts";
import type { Optimizer, PerParameter } from "./optimizer.ts";

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
  learningRate: number;
  private readonly options: Required<Omit<AdamOptions, "learningRate">>;
  private readonly memory: Memory<Kind>;

  constructor(model: object, options: AdamOptions = {}) {
    const { learningRate = 1e-3, betas = [0.9, 0.999], epsilon = 1e-8 } = options;
    const { weightDecay = 0, l2 = 0, amsgrad = false } = options;
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
    this.memory.update(grads, (packed) => this.rule(packed));
  }

  private rule({ p, g: gradient, before, step, setting }: Packed<Kind>): Updated<Kind> {
    const { betas, epsilon, weightDecay, l2, amsgrad } = this.options;
    const [beta1, beta2] = betas;
    const rate = this.learningRate / (1 - beta1 ** step);
    const correction = 1 / Math.sqrt(1 - beta2 ** step);
    const g = addDecay(gradient, p, setting(l2));
    const m = before.exp_avg.mul(beta1).add(g.mul(1 - beta1));
    const v = before.exp_avg_sq.mul(beta2).add(g.square().mul(1 - beta2));
    const most = amsgrad ? before.max_exp_avg_sq.maximum(v) : v;
    const change = m.mul(rate).div(most.sqrt().mul(correction).add(epsilon));
    const shrunk = shrink(p, this.learningRate, setting(weightDecay));
    return { p: shrunk.sub(change), exp_avg: m, exp_avg_sq: v, max_exp_avg_sq: most };
  }
}

/** p · (1 − rate · decay) */
function shrink(p: Tensor, rate: number, decay: Operand): Tensor {
  if (decay === 0) return p;
  return p.mul(typeof decay === "number" ? 1 - rate * decay : decay.mul(-rate).add(1));
}
