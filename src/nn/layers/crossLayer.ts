import { crossAttention } from "../../engine/attention.ts";
import { ShapeError } from "../../engine/errors.ts";
import type { Rng } from "../../engine/random.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { xavierUniform, zero } from "../initialisers.ts";
import { Dropout } from "./dropout.ts";
import type { EncoderLayerOptions } from "./encoder.ts";
import type { TrainingPass } from "./layer.ts";
import { LayerNorm } from "./layerNorm.ts";
import { Linear } from "./linear.ts";

/**
 * Multi-head attention of some tokens to others, Vaswani et al. 2017 (arXiv:1706.03762).
 *
 *   y = concat_heads(attention(x W_qᵀ + b_q, z W_kᵀ + b_k, z W_vᵀ + b_v)) W_outᵀ + b_out
 */
export class CrossAttention {
  readonly query: Linear;
  readonly key: Linear;
  readonly value: Linear;
  readonly outProj: Linear;
  readonly numHeads: number;
  /** Probability of leaving out a pair of query and key while training. */
  readonly dropout: number;

  constructor(width: number, numHeads: number, rng: Rng, dropout = 0) {
    const map = () => new Linear(width, width, rng, { weight: xavierUniform, bias: zero });
    this.query = map();
    this.key = map();
    this.value = map();
    this.outProj = map();
    this.numHeads = numHeads;
    this.dropout = dropout;
  }

  /** x f32 [B, M, width], z f32 [B, N, width]; mask bool [B, N], true = ignore → f32 [B, M, width]. */
  forward(x: Tensor, z: Tensor, mask: Tensor | null = null, pass?: TrainingPass): Tensor {
    const heads = (t: Tensor) => {
      const [batch, numTokens, width] = t.shape;
      return t.reshape([batch, numTokens, this.numHeads, width / this.numHeads]);
    };
    const [q, k, v] = [this.query.forward(x), this.key.forward(z), this.value.forward(z)];
    const read = crossAttention(heads(q), heads(k), heads(v), {
      ...(mask && { mask }),
      ...(pass && { dropout: { probability: this.dropout, rng: pass.rng } }),
    });
    return this.outProj.forward(read.reshape(x.shape));
  }
}

/**
 * Transformer layer that reads other tokens, normalised after each residual sum.
 *
 *   x ← norm1(x + attention(x, z)),   x ← norm2(x + W₂ relu(W₁ x + b₁) + b₂)
 */
export class CrossLayer {
  readonly attention: CrossAttention;
  readonly linear1: Linear;
  readonly linear2: Linear;
  readonly norm1: LayerNorm;
  readonly norm2: LayerNorm;
  readonly dropout: Dropout;

  constructor(options: Omit<EncoderLayerOptions, "isUnprojected">) {
    const { width, numHeads, hiddenDim, dropout = 0, rng } = options;
    if (width % numHeads !== 0)
      throw new ShapeError(
        `CrossLayer: expected a width divisible by ${numHeads} heads, got ${width}`,
      );
    this.attention = new CrossAttention(width, numHeads, rng, dropout);
    this.linear1 = new Linear(width, hiddenDim, rng);
    this.linear2 = new Linear(hiddenDim, width, rng);
    this.norm1 = new LayerNorm(width);
    this.norm2 = new LayerNorm(width);
    this.dropout = new Dropout(dropout);
  }

  /** x f32 [B, M, width], z f32 [B, N, width]; mask bool [B, N], true = ignore → f32 [B, M, width]. */
  forward(x: Tensor, z: Tensor, mask: Tensor | null = null, pass?: TrainingPass): Tensor {
    const drop = (t: Tensor) => this.dropout.forward(t, pass);
    const mixed = this.norm1.forward(x.add(drop(this.attention.forward(x, z, mask, pass))));
    const hidden = drop(this.linear1.forward(mixed).relu());
    return this.norm2.forward(mixed.add(drop(this.linear2.forward(hidden))));
  }
}
