import { commit, type Tensor, zeros } from "../../engine/tensor.ts";
import { parameters, setParameters } from "../module.ts";

export interface AdamOptions {
  learningRate?: number;
  /** Decay of the running means of g and g². */
  betas?: readonly [number, number];
  epsilon?: number;
  /** Decoupled (AdamW, Loshchilov & Hutter 2019, arXiv:1711.05101): p shrinks by learningRate · weightDecay. */
  weightDecay?: number;
}

/**
 * Adam, Kingma & Ba 2015 (arXiv:1412.6980).
 *
 *   m ← β₁ m + (1 − β₁) g          v ← β₂ v + (1 − β₂) g²
 *   p ← p − η m / (1 − β₁ᵗ) / (√v / √(1 − β₂ᵗ) + ε)
 *
 * The bias corrections are computed in double precision and travel as numbers, so no step compiles.
 */
export class Adam {
  readonly model: object;
  learningRate: number;
  private readonly options: Required<Omit<AdamOptions, "learningRate">>;
  private steps = 0;
  private readonly means = new Map<string, Tensor>();
  private readonly squares = new Map<string, Tensor>();

  constructor(model: object, options: AdamOptions = {}) {
    const { learningRate = 1e-3, betas = [0.9, 0.999], epsilon = 1e-8, weightDecay = 0 } = options;
    this.model = model;
    this.learningRate = learningRate;
    this.options = { betas, epsilon, weightDecay };
  }

  /** Steps taken. */
  get step(): number {
    return this.steps;
  }

  /** Running means by name: `<parameter>.exp_avg` and `<parameter>.exp_avg_sq`. */
  state(): Map<string, Tensor> {
    const named = (map: ReadonlyMap<string, Tensor>, ending: string) =>
      [...map].map(([name, tensor]): [string, Tensor] => [`${name}.${ending}`, tensor]);
    return new Map([...named(this.means, "exp_avg"), ...named(this.squares, "exp_avg_sq")]);
  }

  /** Records one step; it is computed together with the next tensor that is waited for. */
  update(grads: ReadonlyMap<string, Tensor>): void {
    const { betas, epsilon, weightDecay } = this.options;
    const [beta1, beta2] = betas;
    this.steps++;
    const rate = this.learningRate / (1 - beta1 ** this.steps);
    const correction = 1 / Math.sqrt(1 - beta2 ** this.steps);
    const updated = new Map<string, Tensor>();
    for (const [name, p] of parameters(this.model)) {
      const g = grads.get(name);
      if (!g) continue;
      const m = (this.means.get(name) ?? zeros(p.shape)).mul(beta1).add(g.mul(1 - beta1));
      const v = (this.squares.get(name) ?? zeros(p.shape))
        .mul(beta2)
        .add(g.square().mul(1 - beta2));
      const change = m.mul(rate).div(v.sqrt().mul(correction).add(epsilon));
      const kept = weightDecay === 0 ? p : p.mul(1 - this.learningRate * weightDecay);
      this.means.set(name, m);
      this.squares.set(name, v);
      updated.set(name, kept.sub(change));
    }
    setParameters(this.model, updated);
    commit([...updated.values(), ...this.means.values(), ...this.squares.values()]);
  }
}
