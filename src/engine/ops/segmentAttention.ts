import { defineComposite } from "../composite.ts";
import { expectDType } from "../dtype.ts";
import { ShapeError } from "../errors.ts";
import type { Expr } from "../expr.ts";
import {
  type Segments,
  segmentMax,
  segmentSoftmax,
  segmentSum,
  segmentsIn,
  segmentValues,
} from "../segments.ts";
import { showShape } from "../shape.ts";
import { concat, gather, Tensor, wrap } from "../tensor.ts";

const exprsOf = (tensors: readonly Tensor[]): Expr[] => tensors.map(({ expr }) => expr);
const withAxis = (x: Tensor): Tensor => x.reshape([...x.shape, 1]);

const attention = defineComposite({
  name: "segmentAttention",
  shape: ([, values, offsets]) => [offsets.shape[0] - 1, ...values.shape.slice(1)],
  compose: ([scores, values, ...plan]) => {
    const segments = segmentsIn(plan.map((expr) => new Tensor(expr)));
    const weights = segmentSoftmax(new Tensor(scores), segments);
    return segmentSum(withAxis(weights).mul(new Tensor(values)), segments).expr;
  },

  // Weights are computed again from L: of the size of the edges, only the gradient itself is stored.
  grad: (dy, [scores, values, offsets, order, target], y) => {
    const known = [scores, offsets, order, target, y, dy];
    const statistics = wrap(attentionStatistics(exprsOf(known)), known);
    const inputs = [scores, values, target, dy, statistics];
    const both = wrap(attentionGradient(exprsOf(inputs)), inputs); // [E, H, D + 1]
    const width = values.shape[2];
    const dScores = both.slice([null, null, [width, width + 1]]).reshape(scores.shape);
    return [dScores, both.slice([null, null, [0, width]]), null, null, null];
  },
});

/** (L_s, δ_s) per segment and head, f32 [S, H, 2]: L_s = log Σ_e exp scores_e and δ_s = dy_s · y_s. */
const attentionStatistics = defineComposite({
  name: "segmentAttentionStatistics",
  shape: ([, offsets, , , y]) => [offsets.shape[0] - 1, y.shape[1], 2],
  compose: ([scoresExpr, ...rest]) => {
    const [scores, offsets, order, target, y, dy] = [scoresExpr, ...rest].map((e) => new Tensor(e));
    const segments = segmentsIn([offsets, order, target]);
    const greatest = segmentMax(scores.stopGradient(), segments); // any shift gives the same result
    const total = segmentSum(scores.sub(gather(greatest, target)).exp(), segments);
    const delta = y.mul(dy).sum({ axes: 2, keepAxes: true });
    return concat([withAxis(greatest.add(total.maximum(1e-30).log())), delta]).expr;
  },
});

/** dv_e and ds_e side by side, f32 [E, H, D + 1]; α_e = exp(scores_e − L_s) with s the segment of e. */
const attentionGradient = defineComposite({
  name: "segmentAttentionGradient",
  shape: ([, values]) => [values.shape[0], values.shape[1], values.shape[2] + 1],
  compose: (inputs) => {
    const [scores, values, target, dy, statistics] = inputs.map((e) => new Tensor(e));
    const ofRow = gather(statistics, target); // [E, H, 2]
    const [logSum, delta] = [0, 1].map((which) => ofRow.slice([null, null, [which, which + 1]]));
    const weights = withAxis(scores).sub(logSum).exp(); // [E, H, 1]
    const received = gather(dy, target);
    const slope = received.mul(values).sum({ axes: 2, keepAxes: true }).sub(delta);
    return concat([weights.mul(received), weights.mul(slope)]).expr;
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
