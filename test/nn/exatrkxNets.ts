/** Networks of the Exa.TrkX pipeline, composed of layers as far as the replays need them. */
import { type Layer, LayerNorm, Linear, Rng, type Tensor } from "../../src/index.ts";

const rng = new Rng(1); // all weights are loaded

/** Linear → (Linear → tanh → norm, one for all) … → Linear (exatrkx.md §5.1). */
export class VanillaFilter {
  readonly inputLayer: Linear;
  readonly layers: readonly Linear[];
  readonly outputLayer: Linear;
  readonly layernorm: LayerNorm;
  readonly isNormalised: boolean;

  constructor(inputs: number, hidden: number, numLayers: number, isNormalised: boolean) {
    this.inputLayer = new Linear(inputs, hidden, rng);
    this.layers = Array.from({ length: numLayers - 1 }, () => new Linear(hidden, hidden, rng));
    this.outputLayer = new Linear(hidden, 1, rng);
    this.layernorm = new LayerNorm(hidden);
    this.isNormalised = isNormalised;
  }

  forward(x: Tensor): Tensor {
    let h = this.inputLayer.forward(x);
    for (const layer of this.layers as readonly Layer[]) {
      h = layer.forward(h).tanh();
      if (this.isNormalised) h = this.layernorm.forward(h);
    }
    return this.outputLayer.forward(h).reshape([-1]);
  }
}
