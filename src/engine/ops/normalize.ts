/** Normalisation of rows: what divides a row by a measure of its own size. */
import { defineComposite } from "../composite.ts";
import { expectDType } from "../dtype.ts";
import { ShapeError } from "../errors.ts";
import { showShape } from "../shape.ts";
import { record, Tensor, wrap } from "../tensor.ts";

/** All but the last axis as one. The attributes tell the planner what has the same shape as what. */
function toRows(x: Tensor): Tensor {
  if (x.rank === 2) return x;
  const features = x.shape[x.rank - 1];
  const shape = [x.size / features, features];
  return record("reshape", [x], shape, x.dtype, { attrs: { rows: true } });
}

/** The shape of `x` again, for a composite of the rows of x. */
function fromRows(y: Tensor, x: Tensor): Tensor {
  if (x.rank === 2) return y;
  return record("reshape", [y], x.shape, y.dtype, { attrs: { undoesRows: true } });
}

/** y[r, f] = (x[r, f] − μ_r) / √(v_r + ε) · weight[f] + bias[f]; μ, v mean and biased variance of the row */
const layerNormRows = defineComposite({
  name: "layerNorm",
  shape: ([x]) => x.shape,
  compose: ([x, weight, bias], { values: [epsilon] }) => {
    const { normal } = normalized(new Tensor(x), epsilon);
    return normal.mul(new Tensor(weight)).add(new Tensor(bias)).expr;
  },
  grad: (dy, [x, weight], _y, { values: [epsilon] }) => {
    const { normal, scale } = normalized(x, epsilon);
    const h = dy.mul(weight);
    const mean = (t: Tensor) => t.mean({ axes: 1, keepAxes: true });
    const dx = h
      .sub(mean(h))
      .sub(normal.mul(mean(h.mul(normal))))
      .mul(scale);
    return [dx, dy.mul(normal).sum({ axes: 0 }), dy.sum({ axes: 0 })];
  },
});

/** Rows x̂ of mean 0 and variance 1, and 1/√(v + ε) per row. */
function normalized(x: Tensor, epsilon: number): { normal: Tensor; scale: Tensor } {
  const centred = x.sub(x.mean({ axes: 1, keepAxes: true })); // two passes: E[x²] − μ² cancels
  const scale = centred.square().mean({ axes: 1, keepAxes: true }).add(epsilon).rsqrt();
  return { normal: centred.mul(scale), scale };
}

/** Layer normalisation over the last axis, Ba et al. 2016 (arXiv:1607.06450): weight, bias f32 [F]. */
export function layerNorm(x: Tensor, weight: Tensor, bias: Tensor, epsilon = 1e-5): Tensor {
  expectDType("layerNorm", x.dtype, ["f32"]);
  const features = x.shape[x.rank - 1];
  for (const t of [weight, bias])
    if (t.rank !== 1 || t.shape[0] !== features)
      throw new ShapeError(
        `layerNorm: expected weight and bias [${features}], got ${showShape(t.shape)}`,
      );
  if (x.size === 0) return x;
  const inputs = [toRows(x), weight, bias];
  const exprs = inputs.map(({ expr }) => expr);
  return fromRows(wrap(layerNormRows(exprs, {}, [epsilon]), inputs), x);
}

/** y[r, f] = x[r, f] · weight[f] / √(mean_f x² + ε) */
const rmsNormRows = defineComposite({
  name: "rmsNorm",
  shape: ([x]) => x.shape,
  compose: ([expr, weight], { values: [epsilon] }) => {
    const x = new Tensor(expr);
    return x.mul(inverseSize(x, epsilon)).mul(new Tensor(weight)).expr;
  },
  grad: (dy, [x, weight], _y, { values: [epsilon] }) => {
    const scale = inverseSize(x, epsilon);
    const normal = x.mul(scale);
    const h = dy.mul(weight);
    const along = h.mul(normal).mean({ axes: 1, keepAxes: true });
    return [h.sub(normal.mul(along)).mul(scale), dy.mul(normal).sum({ axes: 0 })];
  },
});

/** 1/√(mean x² + ε) per row. */
const inverseSize = (x: Tensor, epsilon: number): Tensor =>
  x.square().mean({ axes: 1, keepAxes: true }).add(epsilon).rsqrt();

/** Rows of root mean square 1 over the last axis, Zhang & Sennrich 2019 (arXiv:1910.07467): weight f32 [F]. */
export function rmsNorm(x: Tensor, weight: Tensor, epsilon = 1e-6): Tensor {
  expectDType("rmsNorm", x.dtype, ["f32"]);
  const features = x.shape[x.rank - 1];
  if (weight.rank !== 1 || weight.shape[0] !== features)
    throw new ShapeError(`rmsNorm: expected weight [${features}], got ${showShape(weight.shape)}`);
  if (x.size === 0) return x;
  const inputs = [toRows(x), weight];
  const exprs = inputs.map(({ expr }) => expr);
  return fromRows(wrap(rmsNormRows(exprs, {}, [epsilon]), inputs), x);
}

/** y[r, f] = x[r, f] / ρ_r, ρ_r = max(‖x_r‖, ε) */
const l2NormalizeRows = defineComposite({
  name: "l2Normalize",
  shape: ([x]) => x.shape,
  compose: ([expr], { values: [epsilon] }) => {
    const x = new Tensor(expr);
    return x.div(lengthOf(x).maximum(epsilon)).expr;
  },
  // Below ε the divisor is constant: a row of zeros has the finite slope 1/ε.
  grad: (dy, [x], y, { values: [epsilon] }) => {
    const length = lengthOf(x);
    const along = y.mul(dy).sum({ axes: 1, keepAxes: true });
    const turned = dy.sub(length.greater(epsilon).select(y.mul(along), 0));
    return [turned.div(length.maximum(epsilon))];
  },
});

const lengthOf = (x: Tensor): Tensor => x.square().sum({ axes: 1, keepAxes: true }).sqrt();

/** Rows of length 1: y = x / max(‖x‖₂, ε) along the last axis. A row of zeros stays one. */
export function l2Normalize(x: Tensor, epsilon = 1e-12): Tensor {
  expectDType("l2Normalize", x.dtype, ["f32"]);
  if (x.size === 0) return x;
  return fromRows(wrap(l2NormalizeRows([toRows(x).expr], {}, [epsilon]), [x]), x);
}
