import { tensor } from "../../engine/create.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { SelfAttention } from "./attention.ts";
import { CrossLayer } from "./crossLayer.ts";
import { Dropout } from "./dropout.ts";
import type { EncoderLayerOptions } from "./encoder.ts";
import type { TrainingPass } from "./layer.ts";
import { LayerNorm } from "./layerNorm.ts";

/**
 * Transformer decoder layer, Vaswani et al. 2017 (arXiv:1706.03762): a step of a sequence sees the steps
 * before it and itself, then the memory that all sequences of its event share.
 *
 *   x ← norm(x + causal attention(x)),   x ← crossLayer(x, memory)
 */
export class DecoderLayer {
  readonly selfAttn: SelfAttention;
  readonly norm: LayerNorm;
  readonly cross: CrossLayer;
  readonly dropout: Dropout;

  constructor(options: Omit<EncoderLayerOptions, "isUnprojected">) {
    const { width, numHeads, dropout = 0, rng } = options;
    this.selfAttn = new SelfAttention(width, numHeads, rng, dropout);
    this.norm = new LayerNorm(width);
    this.cross = new CrossLayer(options);
    this.dropout = new Dropout(dropout);
  }

  /**
   * x f32 [B, T, S, width], T sequences of S steps in each event; memory f32 [B, N, width] with mask bool
   * [B, N], true = ignore → f32 [B, T, S, width].
   */
  forward(x: Tensor, memory: Tensor, mask: Tensor | null = null, pass?: TrainingPass): Tensor {
    const [batch, numSequences, numSteps, width] = x.shape;
    const steps = x.reshape([batch * numSequences, numSteps, width]);
    const extras = { bias: causalBias(numSteps) };
    const before = this.dropout.forward(this.selfAttn.forward(steps, null, pass, extras), pass);
    const mixed = this.norm.forward(steps.add(before));
    const queries = mixed.reshape([batch, numSequences * numSteps, width]);
    return this.cross.forward(queries, memory, mask, pass).reshape(x.shape);
  }
}

const hidden = -1e9; // its exponential is 0 beside any score

/** f32 [1, 1, S, S]: 0 where a step may look, else so low that it does not. */
const causalBias = (numSteps: number): Tensor =>
  tensor(
    Float32Array.from({ length: numSteps ** 2 }, (_, i) =>
      i % numSteps > Math.floor(i / numSteps) ? hidden : 0,
    ),
    [1, 1, numSteps, numSteps],
  );
