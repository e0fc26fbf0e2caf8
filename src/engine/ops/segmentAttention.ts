import { defineComposite, partOf } from "../composite.ts";
import { expectDType } from "../dtype.ts";
import { ShapeError } from "../errors.ts";
import type { Expr } from "../expr.ts";
import { gather } from "../rows.ts";
import {
  type Segments,
  segmentMax,
  segmentSoftmax,
  segmentSum,
  segmentsIn,
  segmentValues,
} from "../segments.ts";
import { showShape } from "../shape.ts";
import { Tensor, wrap } from "../tensor.ts";

const exprsOf = (tensors: readonly Tensor[]): Expr[] => tensors.map(({ expr }) => expr);
const tensorsOf = (exprs: readonly Expr[]): Tensor[] => exprs.map((expr) => new Tensor(expr));
const withAxis = (x: Tensor): Tensor => x.reshape([...x.shape, 1]);

const attention = defineComposite({
  name: "segmentAttention",
  shape: ([, values, offsets]) => [offsets.shape[0] - 1, ...values.shape.slice(1)],
  compose: (inputs) => {
    const [scores, values, ...plan] = tensorsOf(inputs);
    const segments = segmentsIn(plan);
    const weights = segmentSoftmax(scores, segments);
    return segmentSum(withAxis(weights).mul(values), segments).expr;
  },

  // L_s = log Σ_e exp scores_e per head: from it, the gradient has the weights without their sum
  parts: {
    logSum: {
      shape: ([scores, , offsets]) => [offsets.shape[0] - 1, scores.shape[1]],
      compose: (inputs) => {
        const [scores, , ...plan] = tensorsOf(inputs);
        const segments = segmentsIn(plan);
        const greatest = segmentMax(scores.stopGradient(), segments); // any shift does
        const shifted = scores.sub(gather(greatest, segments.target));
        const total = segmentSum(shifted.exp(), segments);
        return greatest.add(total.maximum(1e-30).log()).expr;
      },
    },
  },

  // As ∂L/∂scores_e is α_e too, a gradient of L only changes what is subtracted from the slopes.
  grad: (dy, [scores, values, , , target], y, _expr, { logSum: dLogSum }) => {
    const delta = dy.mul(y).sum({ axes: 2 }); // [S, H]
    const logSum = wrap(partOf(y.expr, "logSum"), [y]);
    const inputs = [values, scores, target, dy, logSum, dLogSum ? delta.sub(dLogSum) : delta];
    const dValues = wrap(attentionGradient(exprsOf(inputs)), inputs);
    const dScores = wrap(partOf(dValues.expr, "dScores"), inputs);
    return [dScores, dValues, null, null, null];
  },
});

/** Per row: α_e = exp(scores_e − L_s) with s the segment of e, f32 [E, H, 1], and dy_s, f32 [E, H, D]. */
function repeated(scores: Tensor, target: Tensor, dy: Tensor, logSum: Tensor) {
  const weights = withAxis(scores.sub(gather(logSum, target)).exp());
  return { weights, received: gather(dy, target) };
}

/** dL/dvalues = α_e dy_s, and beside it dL/dscores = α_e (dy_s · values_e − δ_s). */
const attentionGradient = defineComposite({
  name: "segmentAttentionGradient",
  shape: ([values]) => values.shape,
  compose: (inputs) => {
    const [, scores, target, dy, logSum] = tensorsOf(inputs);
    const { weights, received } = repeated(scores, target, dy, logSum);
    return weights.mul(received).expr;
  },
  parts: {
    dScores: {
      shape: ([, scores]) => scores.shape,
      compose: (inputs) => {
        const [values, scores, target, dy, logSum, delta] = tensorsOf(inputs);
        const { weights, received } = repeated(scores, target, dy, logSum);
        const slope = received.mul(values).sum({ axes: 2 }).sub(gather(delta, target));
        return weights.reshape(scores.shape).mul(slope).expr;
      },
    },
  },
});

/**
 * Attention among the rows of each segment, as in Veličković et al. 2018 (arXiv:1710.10903):
 *
 *   y[s, h, :] = Σ_e α[e, h] · values[e, h, :]      α[e, h] = exp(scores[e, h]) / Σ_e' exp(scores[e', h])
 *
 * over the rows e, e' of segment s. scores f32 [E, H], values f32 [E, H, D] → f32 [S, H, D]; 0 for an
 * empty segment. The weights α are never stored, forward or backward.
 */
export function segmentAttention(scores: Tensor, values: Tensor, segments: Segments): Tensor {
  expectDType("segmentAttention(scores)", scores.dtype, ["f32"]);
  expectDType("segmentAttention(values)", values.dtype, ["f32"]);
  const [rows] = segments.target.shape;
  if (scores.rank !== 2 || scores.shape[0] !== rows)
    throw new ShapeError(
      `segmentAttention(scores): expected [${rows}, H], got ${showShape(scores.shape)}`,
    );
  const [, heads] = scores.shape;
  if (values.rank !== 3 || values.shape[0] !== rows || values.shape[1] !== heads)
    throw new ShapeError(
      `segmentAttention(values): expected [${rows}, ${heads}, D], got ${showShape(values.shape)}`,
    );
  const inputs = [scores, values, ...segmentValues(segments)];
  return wrap(attention(exprsOf(inputs)), inputs);
}
