/** The affine map of layers, whose gradients take one launch for weight and bias and one for x. */
import { defineComposite } from "../composite.ts";
import { expectDType } from "../dtype.ts";
import { ShapeError } from "../errors.ts";
import { showShape } from "../shape.ts";
import { Tensor, wrap } from "../tensor.ts";
import { matmul } from "./contraction.ts";
import { joinedLinear } from "./joinedLinear.ts";
import { parameterGradients } from "./linearGradient.ts";

const rowsOf = (x: Tensor): Tensor => x.reshape([-1, x.shape[x.rank - 1]]);

/** y = x Wᵀ + b over the last axis; the product is finished by whatever elementwise follows. */
const affine = defineComposite({
  name: "linear",
  shape: ([x, weight]) => [...x.shape.slice(0, -1), weight.shape[0]],
  compose: ([x, weight, bias]) =>
    matmul(new Tensor(x), new Tensor(weight), { transposeB: true }).add(new Tensor(bias)).expr,

  grad: (dy, [x, weight]) => {
    const { dWeight, dBias } = parameterGradients(rowsOf(dy), rowsOf(x));
    return [matmul(dy, weight), dWeight, dBias];
  },
});

/**
 * y = x Wᵀ + b: x f32 […, R, I], weight f32 [O, I], bias f32 [O] → f32 […, R, O].
 *
 * Where x is a concatenation with gathered rows in it, these are never repeated or joined in memory.
 */
export function linear(x: Tensor, weight: Tensor, bias: Tensor): Tensor {
  for (const t of [x, weight, bias]) expectDType("linear", t.dtype, ["f32"]);
  const [outputs, inputs] = weight.shape;
  if (x.rank < 2 || weight.rank !== 2 || x.shape[x.rank - 1] !== inputs)
    throw new ShapeError(
      `linear: expected x […, R, I] and weight [O, I], got ${showShape(x.shape)} and ${showShape(weight.shape)}`,
    );
  if (bias.rank !== 1 || bias.shape[0] !== outputs)
    throw new ShapeError(`linear(bias): expected [${outputs}], got ${showShape(bias.shape)}`);
  if (x.size === 0 || outputs === 0) return matmul(x, weight, { transposeB: true }).add(bias);
  const joined = joinedLinear(x, weight, bias);
  if (joined) return joined;
  const operands = [x, weight, bias];
  return wrap(affine(operands.map(({ expr }) => expr)), operands);
}
