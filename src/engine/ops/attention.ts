import { defineComposite } from "../composite.ts";
import { expectDType } from "../dtype.ts";
import { ShapeError } from "../errors.ts";
import { showShape } from "../shape.ts";
import { Tensor, wrap } from "../tensor.ts";
import { matmul } from "./contraction.ts";
import { softmax } from "./normalize.ts";

const masked = -1e30; // its exponential is 0 next to any score; −∞ is not to be spelled in WGSL

const packedAttention = defineComposite({
  name: "attention",
  shape: ([qkv]) => [qkv.shape[0], qkv.shape[1], qkv.shape[3], qkv.shape[4]],
  compose: ([packed, mask]) => {
    const [batch, numTokens, , heads, width] = packed.shape;
    const byHead = new Tensor(packed).permute([2, 0, 3, 1, 4]); // [3, B, H, N, D]
    const [q, k, v] = [0, 1, 2].map((which) =>
      byHead.slice([[which, which + 1]]).reshape([batch, heads, numTokens, width]),
    );
    const scores = matmul(q, k, { transposeB: true }).mul(1 / Math.sqrt(width)); // [B, H, N, N]
    const hidden = new Tensor(mask).reshape([batch, 1, 1, numTokens]);
    const weights = softmax(hidden.select(masked, scores));
    return matmul(weights, v).permute([0, 2, 1, 3]).expr;
  },
});

/**
 * Scaled dot-product self-attention, Vaswani et al. 2017 (arXiv:1706.03762).
 *
 *   y_i = Σ_j softmax_j(q_i · k_j / √D) v_j      over the keys j that are not masked
 *
 * qkv f32 [B, N, 3, H, D] queries, keys, values per head; mask bool [B, N], true = ignore this key
 * → f32 [B, N, H, D]. A row whose keys are all masked has an unspecified, finite result.
 */
export function attention(qkv: Tensor, mask: Tensor): Tensor {
  expectDType("attention(qkv)", qkv.dtype, ["f32"]);
  expectDType("attention(mask)", mask.dtype, ["bool"]);
  const [batch, numTokens, three] = qkv.shape;
  if (qkv.rank !== 5 || three !== 3)
    throw new ShapeError(`attention(qkv): expected [B, N, 3, H, D], got ${showShape(qkv.shape)}`);
  if (mask.rank !== 2 || mask.shape[0] !== batch || mask.shape[1] !== numTokens)
    throw new ShapeError(
      `attention(mask): expected [${batch}, ${numTokens}], got ${showShape(mask.shape)}`,
    );
  return wrap(packedAttention([qkv.expr, mask.expr], { headDim: qkv.shape[4] }), [qkv, mask]);
}
