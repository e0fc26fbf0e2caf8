import { defineComposite } from "../composite.ts";
import { expectDType } from "../dtype.ts";
import { ShapeError } from "../errors.ts";
import { normalizeAxis, showShape } from "../shape.ts";
import { Tensor, wrap } from "../tensor.ts";

/** p[r, f] = exp(x[r, f] − max_f x) / Σ_f exp(x[r, f] − max_f x) */
const softmaxRows = defineComposite({
  name: "softmax",
  shape: ([x]) => x.shape,
  compose: ([expr]) => {
    const x = new Tensor(expr);
    const e = x.sub(x.max({ axes: 1, keepAxes: true })).exp();
    return e.div(e.sum({ axes: 1, keepAxes: true })).expr;
  },
  grad: (dy, _inputs, y) => [y.mul(dy.sub(dy.mul(y).sum({ axes: 1, keepAxes: true })))],
});

/** Softmax over one axis: positive, and summing to 1 along it. */
export function softmax(x: Tensor, axis = -1): Tensor {
  expectDType("softmax", x.dtype, ["f32"]);
  const along = normalizeAxis("softmax", axis, x.rank);
  if (x.size === 0) return x;
  if (along !== x.rank - 1) return softmax(x.transpose(along, -1), -1).transpose(along, -1);
  const rows = x.reshape([-1, x.shape[along]]);
  return wrap(softmaxRows([rows.expr]), [x]).reshape(x.shape);
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
  const inputs = [x.reshape([-1, features]), weight, bias];
  return wrap(
    layerNormRows(
      inputs.map(({ expr }) => expr),
      {},
      [epsilon],
    ),
    inputs,
  ).reshape(x.shape);
}
