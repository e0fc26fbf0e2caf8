import type { Rng } from "../../engine/random.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { xavierUniform } from "../initialisers.ts";
import { CrossLayer } from "./crossLayer.ts";
import type { EncoderLayerOptions } from "./encoder.ts";
import type { TrainingPass } from "./layer.ts";

export interface InducedLayerOptions extends Omit<EncoderLayerOptions, "isUnprojected"> {
  /** Learned tokens. */
  numInduced: number;
  rng: Rng;
}

/**
 * Induced set attention, Lee et al. 2019 (arXiv:1810.00825): tokens are read by a few learned ones, and read
 * these, so the cost is linear in the tokens.
 *
 *   h = layer₁(I, x),   y = layer₂(x, h)      I f32 [numInduced, width]
 */
export class InducedLayer {
  readonly induced: Tensor;
  readonly reading: CrossLayer;
  readonly answering: CrossLayer;

  constructor({ numInduced, ...options }: InducedLayerOptions) {
    this.induced = xavierUniform([numInduced, options.width], options.rng);
    this.reading = new CrossLayer(options);
    this.answering = new CrossLayer(options);
  }

  /** x f32 [B, N, width]; mask bool [B, N], true where a token is padding → f32 [B, N, width]. */
  forward(x: Tensor, mask: Tensor | null = null, pass?: TrainingPass): Tensor {
    const [numInduced, width] = this.induced.shape;
    const induced = this.induced.reshape([1, numInduced, width]);
    const tokens = induced.expand([x.shape[0], numInduced, width]);
    return this.answering.forward(x, this.reading.forward(tokens, x, mask, pass), null, pass);
  }
}
