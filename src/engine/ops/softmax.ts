/** Softmax and its relatives: rows normalised by their sum of exponentials. */
import { defineComposite } from "../composite.ts";
import { zeros } from "../create.ts";
import { expectDType } from "../dtype.ts";
import { ShapeError } from "../errors.ts";
import { normalizeAxis, showShape } from "../shape.ts";
import { Tensor, wrap } from "../tensor.ts";

const sumOfRow = (x: Tensor): Tensor => x.sum({ axes: 1, keepAxes: true });
const column = (x: Tensor): Tensor => x.reshape([x.size, 1]);

/** x − max and log Σ exp(x − max) per row: no exponential overflows, and one of them is 1. */
function shifted(x: Tensor): { below: Tensor; logSum: Tensor; greatest: Tensor } {
  const greatest = x.max({ axes: 1, keepAxes: true });
  const below = x.sub(greatest);
  return { below, logSum: sumOfRow(below.exp()).log(), greatest };
}

/** p[r, f] = exp(x[r, f] − max_f x) / Σ_f exp(x[r, f] − max_f x) */
const softmaxRows = defineComposite({
  name: "softmax",
  shape: ([x]) => x.shape,
  compose: ([expr]) => {
    const x = new Tensor(expr);
    const e = x.sub(x.max({ axes: 1, keepAxes: true })).exp();
    return e.div(sumOfRow(e)).expr;
  },
  grad: (dy, _inputs, y) => [y.mul(dy.sub(sumOfRow(dy.mul(y))))],
});

/** y[r, f] = x[r, f] − log Σ_f exp x[r, f] */
const logSoftmaxRows = defineComposite({
  name: "logSoftmax",
  shape: ([x]) => x.shape,
  compose: ([expr]) => {
    const { below, logSum } = shifted(new Tensor(expr));
    return below.sub(logSum).expr;
  },
  grad: (dy, _inputs, y) => [dy.sub(y.exp().mul(sumOfRow(dy)))],
});

/** y[r] = log Σ_f exp x[r, f] */
const logSumExpRows = defineComposite({
  name: "logSumExp",
  shape: ([x]) => [x.shape[0]],
  compose: ([expr]) => {
    const { logSum, greatest } = shifted(new Tensor(expr));
    return logSum.add(greatest).reshape([expr.shape[0]]).expr;
  },
  grad: (dy, [x], y) => [x.sub(column(y)).exp().mul(column(dy))],
});

/** Softmax over one axis: positive, and summing to 1 along it. */
export function softmax(x: Tensor, axis = -1): Tensor {
  return alongAxis("softmax", x, axis, (rows) => wrap(softmaxRows([rows.expr]), [x]));
}

/** The logarithm of `softmax`, finite where that is 0 in f32: x − log Σ exp x over one axis. */
export function logSoftmax(x: Tensor, axis = -1): Tensor {
  return alongAxis("logSoftmax", x, axis, (rows) => wrap(logSoftmaxRows([rows.expr]), [x]));
}

/** log Σ exp x over one axis, which the result no longer has. */
export function logSumExp(x: Tensor, axis = -1): Tensor {
  const along = normalizeAxis("logSumExp", axis, x.rank);
  if (x.shape[along] === 0)
    throw new ShapeError(`logSumExp: expected elements to add up, got ${showShape(x.shape)}`);
  const shape = x.shape.filter((_, a) => a !== along);
  if (x.size === 0) return zeros(shape);
  const sum = (rows: Tensor) => column(wrap(logSumExpRows([rows.expr]), [x]));
  return alongAxis("logSumExp", x, along, sum).reshape(shape);
}

/** Applies `f` to the rows [R, F] that lie along one axis, and puts the results back there. */
function alongAxis(where: string, x: Tensor, axis: number, f: (rows: Tensor) => Tensor): Tensor {
  expectDType(where, x.dtype, ["f32"]);
  const along = normalizeAxis(where, axis, x.rank);
  if (x.size === 0) return x;
  const last = along === x.rank - 1 ? x : x.transpose(along, -1);
  const y = f(last.reshape([-1, x.shape[along]]));
  const shaped = y.reshape([...last.shape.slice(0, -1), y.shape[1]]);
  return along === x.rank - 1 ? shaped : shaped.transpose(along, -1);
}
