/** Gradients of the parameters of an affine map of rows, in one launch. */
import { defineComposite, partOf } from "../composite.ts";
import { Tensor, wrap } from "../tensor.ts";
import { matmul } from "./contraction.ts";

/** dW[o, i] = Σ_r dy[r, o] · x[r, i] and db[o] = Σ_r dy[r, o] of dy f32 [R, O], x f32 [R, I]. */
const linearGradient = defineComposite({
  name: "linearGradient",
  shape: ([dy, x]) => [dy.shape[1], x.shape[1]],
  compose: ([dy, x]) => matmul(new Tensor(dy), new Tensor(x), { transposeA: true }).expr,
  parts: {
    bias: {
      shape: ([dy]) => [dy.shape[1]],
      compose: ([dy]) => new Tensor(dy).sum({ axes: 0 }).expr,
    },
  },
  grad: (ofWeight, [dy, x], _y, _expr, { bias }) => {
    const ofDy = matmul(x, ofWeight, { transposeB: true });
    return [bias ? ofDy.add(bias) : ofDy, matmul(dy, ofWeight)];
  },
});

/** Of weight, f32 [O, I], and bias, f32 [O], from dL/dy f32 [R, O] at x f32 [R, I]. */
export function parameterGradients(dy: Tensor, x: Tensor): { dWeight: Tensor; dBias: Tensor } {
  const weight = linearGradient([dy.expr, x.expr]);
  return { dWeight: wrap(weight, [dy, x]), dBias: wrap(partOf(weight, "bias"), [dy, x]) };
}
