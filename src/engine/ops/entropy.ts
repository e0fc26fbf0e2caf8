/** Cross-entropies from logits: finite wherever the logits are, with gradients free of cancellation. */
import { defineComposite } from "../composite.ts";
import { range } from "../create.ts";
import { broadcastShapes } from "../shape.ts";
import { Tensor, wrap } from "../tensor.ts";
import { logSumExp, softmax } from "./softmax.ts";

/** l[r] = log Σ_c exp z[r, c] − z[r, label[r]] */
const crossEntropyRows = defineComposite({
  name: "crossEntropy",
  shape: ([z]) => [z.shape[0]],
  compose: ([logits, labels]) => {
    const z = new Tensor(logits);
    const ofLabel = isLabel(z, new Tensor(labels)).select(z, 0).sum({ axes: 1 });
    return logSumExp(z).sub(ofLabel).expr;
  },
  grad: (dy, [z, labels]) => {
    const slope = softmax(z).sub(isLabel(z, labels).cast("f32"));
    return [slope.mul(dy.reshape([dy.size, 1])), null];
  },
});

/** Which class each row is of: bool [R, C]. */
const isLabel = (z: Tensor, labels: Tensor): Tensor =>
  labels.cast("i32").reshape([labels.size, 1]).equal(range(z.shape[1]));

/** logits f32 [R, C], labels i32 or u32 [R] → the loss of each row, f32 [R]. */
export const crossEntropyEntries = (logits: Tensor, labels: Tensor): Tensor =>
  wrap(crossEntropyRows([logits.expr, labels.expr]), [logits, labels]);

/** l = w t softplus(−z) + (1 − t) softplus(z); both are log(1 + e^−|z|) and a ramp. */
const binaryCrossEntropy = defineComposite({
  name: "binaryCrossEntropy",
  shape: ([z, t]) => broadcastShapes("binaryCrossEntropy", z.shape, t.shape),
  compose: ([logits, labels], { values: [positiveWeight] }) => {
    const [z, t] = [new Tensor(logits), new Tensor(labels)];
    const rest = z.abs().neg().exp().log1p();
    const ofPositive = z.neg().relu().add(rest).mul(t).mul(positiveWeight);
    return ofPositive.add(z.relu().add(rest).mul(t.neg().add(1))).expr;
  },
  grad: (dy, [z, t], _y, { values: [positiveWeight] }) => {
    const ofPositive = z.neg().sigmoid().mul(t).mul(positiveWeight);
    const dz = z.sigmoid().mul(t.neg().add(1)).sub(ofPositive);
    const dt = z.neg().softplus().mul(positiveWeight).sub(z.softplus());
    return [dy.mul(dz).sumTo(z.shape), dy.mul(dt).sumTo(t.shape)];
  },
});

/** logits z and labels t in 0 … 1, f32 of shapes that broadcast → the loss of each entry. */
export const binaryCrossEntropyEntries = (
  logits: Tensor,
  labels: Tensor,
  positiveWeight = 1,
): Tensor =>
  wrap(binaryCrossEntropy([logits.expr, labels.expr], {}, [positiveWeight]), [logits, labels]);
