import { type AttentionOptions, attention } from "../../engine/attention.ts";
import { zeros } from "../../engine/create.ts";
import { linear } from "../../engine/ops/linear.ts";
import type { Rng } from "../../engine/random.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { xavierUniform, zero } from "../initialisers.ts";
import type { TrainingPass } from "./layer.ts";
import { Linear } from "./linear.ts";

/** What the layers of attention may be given besides tokens and mask. */
export type AttentionExtras = Pick<AttentionOptions, "bias" | "offsets">;

/**
 * Multi-head self-attention, Vaswani et al. 2017 (arXiv:1706.03762).
 *
 *   [q | k | v] = x W_inᵀ + b_in,   y = concat_heads(attention(q, k, v)) W_outᵀ + b_out
 *
 * W_in f32 [3·width, width] starts Xavier-uniform as a whole, both biases at 0.
 */
export class SelfAttention {
  readonly inProjWeight: Tensor;
  readonly inProjBias: Tensor;
  readonly outProj: Linear;
  readonly numHeads: number;
  /** Probability of leaving out a pair of query and key while training. */
  readonly dropout: number;

  constructor(width: number, numHeads: number, rng: Rng, dropout = 0) {
    this.dropout = dropout;
    this.inProjWeight = xavierUniform([3 * width, width], rng);
    this.inProjBias = zeros([3 * width]);
    this.outProj = new Linear(width, width, rng, { bias: zero });
    this.numHeads = numHeads;
  }

  /** x f32 [B, N, width]; mask bool [B, N], true where a key is padding → f32 [B, N, width]. */
  forward(
    x: Tensor,
    mask: Tensor | null = null,
    pass?: TrainingPass,
    extras: AttentionExtras = {},
  ): Tensor {
    const qkv = linear(x, this.inProjWeight, this.inProjBias);
    return this.outProj.forward(attend(qkv, mask, this, pass, extras));
  }
}

/**
 * The attention of the published flash models: `SelfAttention` whose output projection `cProj` is
 * there, and in the weights, but never applied. So it gets no gradient and stays as it starts.
 */
export class UnprojectedAttention {
  readonly cAttn: Linear;
  readonly cProj: Linear;
  readonly numHeads: number;
  /** Probability of leaving out a pair of query and key while training. */
  readonly dropout: number;

  constructor(width: number, numHeads: number, rng: Rng, dropout = 0) {
    this.dropout = dropout;
    this.cAttn = new Linear(width, 3 * width, rng);
    this.cProj = new Linear(width, width, rng);
    this.numHeads = numHeads;
  }

  /** x f32 [B, N, width]; mask bool [B, N], true where a key is padding → f32 [B, N, width]. */
  forward(
    x: Tensor,
    mask: Tensor | null = null,
    pass?: TrainingPass,
    extras: AttentionExtras = {},
  ): Tensor {
    return attend(this.cAttn.forward(x), mask, this, pass, extras);
  }
}

/** qkv f32 [B, N, 3·width] → attention of each head on its own channels, f32 [B, N, width]. */
function attend(
  qkv: Tensor,
  mask: Tensor | null,
  { numHeads, dropout: probability }: { numHeads: number; dropout: number },
  pass: TrainingPass | undefined,
  extras: AttentionExtras,
): Tensor {
  const [batch, numTokens, channels] = qkv.shape;
  const heads = qkv.reshape([batch, numTokens, 3, numHeads, channels / 3 / numHeads]);
  const dropout = pass ? { dropout: { probability, rng: pass.rng } } : {};
  return attention(heads, mask, { ...extras, ...dropout }).reshape([
    batch,
    numTokens,
    channels / 3,
  ]);
}
