import { defineComposite, partOf } from "../composite.ts";
import { zeros } from "../create.ts";
import { expectDType } from "../dtype.ts";
import { ShapeError } from "../errors.ts";
import type { Expr } from "../expr.ts";
import { showShape } from "../shape.ts";
import { concat, Tensor, wrap } from "../tensor.ts";
import { matmul } from "./contraction.ts";

const masked = -1e30; // its exponential is 0 next to any score; −∞ is not to be spelled in WGSL

/** Queries, keys and values per head, f32 [B, H, N, D], of packed ones. */
function unpack(packed: Expr): [q: Tensor, k: Tensor, v: Tensor] {
  const [batch, numTokens, , heads, width] = packed.shape;
  const byHead = new Tensor(packed).permute([2, 0, 3, 1, 4]); // [3, B, H, N, D]
  const part = (which: number) =>
    byHead.slice([[which, which + 1]]).reshape([batch, heads, numTokens, width]);
  return [part(0), part(1), part(2)];
}

/** s_ij = q_i · k_j / √D, and which of them are masked: f32 and bool [B, H, N, N]. */
function scoresOf(q: Tensor, k: Tensor, mask: Expr): { scores: Tensor; hidden: Tensor } {
  const [batch, , numTokens, width] = q.shape;
  const scores = matmul(q, k, { transposeB: true }).mul(1 / Math.sqrt(width));
  return { scores, hidden: new Tensor(mask).reshape([batch, 1, 1, numTokens]) };
}

/** exp(s − L) where it is not masked; L f32 [B, H, N, 1]. */
const weightsOf = ({ scores, hidden }: ReturnType<typeof scoresOf>, logSum: Tensor): Tensor =>
  hidden.select(0, hidden.select(0, scores.sub(logSum)).exp());

/** Log of the sum of exponentials over unmasked keys, f32 [B, H, N, 1]. */
function logSumOf({ scores, hidden }: ReturnType<typeof scoresOf>): Tensor {
  const visible = hidden.select(masked, scores);
  const greatest = visible.max({ axes: 3, keepAxes: true });
  const total = hidden.select(0, visible.sub(greatest).exp()).sum({ axes: 3, keepAxes: true });
  return greatest.add(total.maximum(1e-30).log());
}

const packedAttention = defineComposite({
  name: "attention",
  shape: ([qkv]) => [qkv.shape[0], qkv.shape[1], qkv.shape[3], qkv.shape[4]],
  compose: ([packed, mask]) => {
    const [q, k, v] = unpack(packed);
    const scores = scoresOf(q, k, mask);
    return matmul(weightsOf(scores, logSumOf(scores)), v).permute([0, 2, 1, 3]).expr;
  },

  // L_i per query and head: from it, the gradient has the weights without their sum
  parts: {
    logSum: {
      shape: ([qkv]) => [qkv.shape[0], qkv.shape[1], qkv.shape[3]],
      compose: ([packed, mask]) => {
        const [batch, numTokens, , heads] = packed.shape;
        const [q, k] = unpack(packed);
        const byHead = logSumOf(scoresOf(q, k, mask));
        return byHead.permute([0, 2, 1, 3]).reshape([batch, numTokens, heads]).expr;
      },
    },
  },

  // Scores are computed again rather than kept: nothing of size N × N is ever stored. As ∂L_i/∂s_ij is
  // P_ij too, a gradient of L only changes what is subtracted from the slopes.
  grad: (dy, [qkv, mask], y, { attrs }, { logSum: dLogSum }) => {
    const delta = dy.mul(y).sum({ axes: 3 }); // [B, N, H]
    const inputs = [
      qkv,
      mask,
      dy,
      wrap(partOf(y.expr, "logSum"), [y]),
      dLogSum ? delta.sub(dLogSum) : delta,
    ];
    return [
      wrap(
        attentionGradient(
          inputs.map(({ expr }) => expr),
          attrs,
        ),
        inputs,
      ),
      null,
    ];
  },
});

/**
 * dL/dqkv from dL/dy, f32 [B, N, 3, H, D]. With P_ij = exp(s_ij − L_i), δ_i = dy_i · y_i and dS_ij = P_ij (dy_i · v_j − δ_i):
 *
 *   dq_i = Σ_j dS_ij k_j / √D      dk_j = Σ_i dS_ij q_i / √D      dv_j = Σ_i P_ij dy_i
 */
const attentionGradient = defineComposite({
  name: "attentionGradient",
  shape: ([qkv]) => qkv.shape,
  compose: ([packed, mask, gradient, ...statistics]) => {
    const [batch, numTokens, , heads, width] = packed.shape;
    const [q, k, v] = unpack(packed);
    const dy = new Tensor(gradient).permute([0, 2, 1, 3]); // [B, H, N, D]
    const [logSum, delta] = statistics.map((perQuery) =>
      new Tensor(perQuery).permute([0, 2, 1]).reshape([batch, heads, numTokens, 1]),
    );
    const weights = weightsOf(scoresOf(q, k, mask), logSum);
    const ds = weights
      .mul(matmul(dy, v, { transposeB: true }).sub(delta))
      .mul(1 / Math.sqrt(width));
    const parts = [
      matmul(ds, k),
      matmul(ds, q, { transposeA: true }),
      matmul(weights, dy, { transposeA: true }),
    ].map((part) => part.permute([0, 2, 1, 3]).reshape([batch, numTokens, 1, heads, width]));
    return concat(parts, 2).expr;
  },
});

/**
 * Scaled dot-product self-attention, Vaswani et al. 2017 (arXiv:1706.03762).
 *
 *   y_i = Σ_j softmax_j(q_i · k_j / √D) v_j      over the keys j that are not masked
 *
 * qkv f32 [B, N, 3, H, D] queries, keys, values per head; mask bool [B, N], true = ignore this key
 * → f32 [B, N, H, D]; zeros where every key is masked.
 */
export function attention(qkv: Tensor, mask: Tensor): Tensor {
  expectDType("attention(qkv)", qkv.dtype, ["f32"]);
  expectDType("attention(mask)", mask.dtype, ["bool"]);
  const [batch, numTokens, three] = qkv.shape;
  if (qkv.rank !== 5 || three !== 3 || qkv.shape[4] === 0)
    throw new ShapeError(
      `attention(qkv): expected [B, N, 3, H, D] with D ≥ 1, got ${showShape(qkv.shape)}`,
    );
  if (mask.rank !== 2 || mask.shape[0] !== batch || mask.shape[1] !== numTokens)
    throw new ShapeError(
      `attention(mask): expected [${batch}, ${numTokens}], got ${showShape(mask.shape)}`,
    );
  const [, , , heads, width] = qkv.shape;
  if (qkv.size === 0) return zeros([batch, numTokens, heads, width]);
  return wrap(packedAttention([qkv.expr, mask.expr], { headDim: width }), [qkv, mask]);
}
