import { type CompositeResult, defineComposite, partOf } from "../composite.ts";
import type { Attrs, Expr } from "../expr.ts";
import { concat } from "../rows.ts";
import { type Tensor, wrap } from "../tensor.ts";
import { type Pairs, pairsOf } from "./attentionPairs.ts";
import { matmul } from "./contraction.ts";

const masked = -1e30; // its exponential is 0 next to any score; −∞ is not to be spelled in WGSL

/** exp(s − L) where it is not hidden; L f32 [B, H, M, 1]. */
const weightsOf = ({ scores, hide }: Pairs, logSum: Tensor): Tensor =>
  hide(hide(scores.sub(logSum), 0).exp(), 0);

/** Log of the sum of exponentials over the keys that are not hidden, f32 [B, H, M, 1]. */
function logSumOf({ scores, hide }: Pairs): Tensor {
  const visible = hide(scores, masked);
  const greatest = visible.max({ axes: 3, keepAxes: true });
  const total = hide(visible.sub(greatest).exp(), 0).sum({ axes: 3, keepAxes: true });
  return greatest.add(total.maximum(1e-30).log());
}

/** From [B, H, N, D] to [B, N, H, D], and back. */
const byToken = (x: Tensor): Tensor => x.permute([0, 2, 1, 3]);

/** What queries read, and L per query and head, from which the gradient has the weights again. */
function defineAttention(isPacked: boolean) {
  const shapeOf = ([q]: readonly Expr[]) =>
    isPacked ? [q.shape[0], q.shape[1], q.shape[3], q.shape[4]] : q.shape;
  const compose: CompositeResult["compose"] = (inputs, expr) => {
    const pairs = pairsOf(inputs, expr, isPacked);
    return byToken(matmul(pairs.keep(weightsOf(pairs, logSumOf(pairs))), pairs.v)).expr;
  };
  const logSum: CompositeResult = {
    shape: (inputs) => shapeOf(inputs).slice(0, 3),
    compose: (inputs, expr) => {
      const ofHeads = byToken(logSumOf(pairsOf(inputs, expr, isPacked)));
      return ofHeads.reshape(ofHeads.shape.slice(0, 3)).expr;
    },
  };
  return defineComposite({
    name: isPacked ? "attention" : "crossAttention",
    shape: shapeOf,
    compose,
    parts: { logSum },
    // Scores are computed again rather than kept: nothing of size N × N is ever stored. As ∂L_i/∂s_ij is
    // P_ij too, a gradient of L only changes what is subtracted from the slopes.
    grad: (dy, inputs, y, { attrs, values }, { logSum: dLogSum }) => {
      const delta = dy.mul(y).sum({ axes: 3 });
      const saved = [
        wrap(partOf(y.expr, "logSum"), [y]),
        dLogSum ? delta.sub(dLogSum) : delta, // [B, M, H] both
      ];
      const operands = [...inputs, dy, ...saved];
      const exprs = operands.map(({ expr }) => expr);
      const others = inputs.map(() => null);
      if (isPacked)
        return [wrap(packedGradient(exprs, attrs, values), operands), ...others.slice(1)];
      const dq = crossGradient(exprs, attrs, values);
      const [dk, dv] = ["dk", "dv"].map((name) => wrap(partOf(dq, name), operands));
      const rest: (Tensor | null)[] = others.slice(3);
      if (attrs.hasBias)
        rest[attrs.hasMask ? 1 : 0] = wrap(biasGradient(exprs, attrs, values), operands);
      return [wrap(dq, operands), dk, dv, ...rest];
    },
  });
}

export const packedAttention = defineAttention(true);
export const separateAttention = defineAttention(false);

/** With P_ij = exp(s_ij − L_i): m_ij P_ij, and dS_ij = P_ij (m_ij dy_i · v_j − δ_i), f32 [B, H, M, N]. */
function slopesOf(inputs: readonly Expr[], expr: Expr, isPacked: boolean) {
  const pairs = pairsOf(inputs, expr, isPacked);
  const [gradient, ...saved] = pairs.rest;
  const dy = byToken(gradient);
  const [logSum, delta] = saved.map((perQuery) =>
    byToken(perQuery.reshape([...perQuery.shape, 1])),
  );
  const weights = weightsOf(pairs, logSum);
  const ds = weights.mul(pairs.keep(matmul(dy, pairs.v, { transposeB: true })).sub(delta));
  return { pairs, dy, kept: pairs.keep(weights), ds };
}

/**
 * The gradients of queries, keys and values, f32 [B, N, H, D] each, as compositions:
 *
 *   dq_i = scale Σ_j dS_ij k_j      dk_j = scale Σ_i dS_ij q_i      dv_j = Σ_i m_ij P_ij dy_i
 */
const gradients: Record<"dq" | "dk" | "dv", (of: ReturnType<typeof slopesOf>) => Tensor> = {
  dq: ({ pairs, ds }) => byToken(matmul(ds.mul(pairs.scale), pairs.k)),
  dk: ({ pairs, ds }) => byToken(matmul(ds.mul(pairs.scale), pairs.q, { transposeA: true })),
  dv: ({ dy, kept }) => byToken(matmul(kept, dy, { transposeA: true })),
};

const packedGradient = defineComposite({
  name: "attentionGradient",
  shape: ([qkv]) => qkv.shape,
  compose: (inputs, expr) => {
    const slopes = slopesOf(inputs, expr, true);
    const [batch, numTokens, , heads, width] = expr.shape;
    const parts = Object.values(gradients).map((of) =>
      of(slopes).reshape([batch, numTokens, 1, heads, width]),
    );
    return concat(parts, 2).expr;
  },
});

const part = (which: number, name: "dk" | "dv"): CompositeResult => ({
  shape: (inputs: readonly Expr[]) => inputs[which].shape,
  compose: (inputs, expr) => gradients[name](slopesOf(inputs, expr, false)).expr,
});

const crossGradient = defineComposite({
  name: "crossAttentionGradient",
  shape: ([q]) => q.shape,
  compose: (inputs, expr) => gradients.dq(slopesOf(inputs, expr, false)).expr,
  parts: { dk: part(1, "dk"), dv: part(2, "dv") },
});

/** dBias f32 [X, Y, M, N]: dS, summed over the events and heads that share an entry. */
const biasGradient = defineComposite({
  name: "attentionBiasGradient",
  shape: (inputs, attrs) => biasIn(inputs, attrs).shape,
  compose: (inputs, expr) => {
    const { ds } = slopesOf(inputs, expr, false);
    return ds.sumTo(biasIn(inputs, expr.attrs).shape).expr;
  },
});

const biasIn = (inputs: readonly Expr[], { hasMask }: Attrs): Expr => inputs[hasMask ? 4 : 3];
