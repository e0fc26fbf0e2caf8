import { ShapeError } from "../../engine/errors.ts";
import type { Rng } from "../../engine/random.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { type AttentionExtras, SelfAttention, UnprojectedAttention } from "./attention.ts";
import { Dropout } from "./dropout.ts";
import type { TrainingPass } from "./layer.ts";
import { LayerNorm } from "./layerNorm.ts";
import { Linear } from "./linear.ts";

export interface EncoderLayerOptions {
  width: number;
  numHeads: number;
  /** Width of the feed-forward part. */
  hiddenDim: number;
  /** Without the output projection, as in the published flash models; default: with it. */
  isUnprojected?: boolean;
  /** Probability, of pairs in attention, hidden units and both residual terms; default: 0. */
  dropout?: number;
  rng: Rng;
}

/**
 * Transformer encoder layer, normalised after each residual sum (Vaswani et al. 2017, arXiv:1706.03762).
 *
 *   x ← norm1(x + attention(x)),   x ← norm2(x + W₂ relu(W₁ x + b₁) + b₂)
 *
 * While training, dropout acts on the weights of attention, on what it returns, behind relu and before the
 * second sum.
 */
export class EncoderLayer {
  readonly selfAttn: SelfAttention | UnprojectedAttention;
  readonly linear1: Linear;
  readonly linear2: Linear;
  readonly norm1: LayerNorm;
  readonly norm2: LayerNorm;
  readonly dropout: Dropout;

  constructor(options: EncoderLayerOptions) {
    const { width, numHeads, hiddenDim, isUnprojected, dropout = 0, rng } = options;
    if (width % numHeads !== 0)
      throw new ShapeError(
        `EncoderLayer: expected a width divisible by ${numHeads} heads, got ${width}`,
      );
    const Attention = isUnprojected ? UnprojectedAttention : SelfAttention;
    this.selfAttn = new Attention(width, numHeads, rng, dropout);
    this.linear1 = new Linear(width, hiddenDim, rng);
    this.linear2 = new Linear(hiddenDim, width, rng);
    this.norm1 = new LayerNorm(width);
    this.norm2 = new LayerNorm(width);
    this.dropout = new Dropout(dropout);
  }

  /** x f32 [B, N, width]; mask bool [B, N], true where a token is padding → f32 [B, N, width]. */
  forward(
    x: Tensor,
    mask: Tensor | null = null,
    pass?: TrainingPass,
    extras: AttentionExtras = {},
  ): Tensor {
    const drop = (t: Tensor) => this.dropout.forward(t, pass);
    const mixed = this.norm1.forward(x.add(drop(this.selfAttn.forward(x, mask, pass, extras))));
    const hidden = drop(this.linear1.forward(mixed).relu());
    return this.norm2.forward(mixed.add(drop(this.linear2.forward(hidden))));
  }
}
