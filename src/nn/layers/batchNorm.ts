import { ones, zeros } from "../../engine/create.ts";
import { ShapeError } from "../../engine/errors.ts";
import { showShape } from "../../engine/shape.ts";
import type { Operand, Tensor } from "../../engine/tensor.ts";
import { Statistic } from "../module.ts";
import type { Layer, TrainingPass } from "./layer.ts";

export interface BatchNormOptions {
  epsilon?: number;
  /** Learned scale and shift; default: yes. */
  isAffine?: boolean;
  /** Share of each batch in the running statistics; null: no running ones, batch statistics always. */
  momentum?: number | null;
}

/**
 * Batch normalisation of each feature over all rows, Ioffe & Szegedy 2015 (arXiv:1502.03167).
 *
 *   y = (x − μ) / √(v + ε) · weight + bias
 *
 * While training μ and v (biased) are those of the batch, and the running ones move towards them by
 * `momentum` (v unbiased there, as in PyTorch); otherwise they are the running ones.
 */
export class BatchNorm implements Layer {
  readonly weight: Tensor | null;
  readonly bias: Tensor | null;
  readonly runningMean: Statistic | null;
  readonly runningVar: Statistic | null;
  readonly epsilon: number;
  readonly momentum: number | null;

  constructor(features: number, options: BatchNormOptions = {}) {
    const { epsilon = 1e-5, isAffine = true, momentum = 0.1 } = options;
    this.weight = isAffine ? ones([features]) : null;
    this.bias = isAffine ? zeros([features]) : null;
    this.runningMean = momentum === null ? null : new Statistic(zeros([features]));
    this.runningVar = momentum === null ? null : new Statistic(ones([features]));
    this.epsilon = epsilon;
    this.momentum = momentum;
  }

  /** x f32 [R, features] → the same shape. Rows that do not exist get results too, without meaning. */
  forward(x: Tensor, pass?: TrainingPass, isRow?: Tensor): Tensor {
    if (x.rank !== 2)
      throw new ShapeError(`BatchNorm(x): expected [R, features], got ${showShape(x.shape)}`);
    const { mean, variance } = this.statistics(x, pass !== undefined, isRow);
    const normal = x.sub(mean).mul(variance.add(this.epsilon).rsqrt());
    const scaled = this.weight ? normal.mul(this.weight) : normal;
    return this.bias ? scaled.add(this.bias) : scaled;
  }

  private statistics(x: Tensor, isTraining: boolean, isRow?: Tensor): Omit<Moments, "unbiasing"> {
    if (!isTraining && this.runningMean && this.runningVar)
      return { mean: this.runningMean.value, variance: this.runningVar.value };
    const moments = isRow ? momentsWhere(isRow, x) : momentsOf(x);
    if (isTraining) this.observe(moments);
    return moments;
  }

  private observe({ mean, variance, unbiasing }: Moments): void {
    const { runningMean, runningVar, momentum } = this;
    if (!runningMean || !runningVar || momentum === null) return;
    const unbiased = variance.mul(unbiasing);
    const move = (statistic: Statistic, seen: Tensor) =>
      statistic.replace(statistic.value.mul(1 - momentum).add(seen.stopGradient().mul(momentum)));
    move(runningMean, mean);
    move(runningVar, unbiased);
  }
}

/** Of each feature over the rows: f32 [features]. Two passes over them: E[x²] − μ² cancels. */
interface Moments {
  mean: Tensor;
  /** Biased; times `unbiasing` it is not. */
  variance: Tensor;
  unbiasing: Operand;
}

function momentsOf(x: Tensor): Moments {
  const [numRows] = x.shape;
  const mean = x.mean({ axes: 0 });
  const variance = x.sub(mean).square().mean({ axes: 0 });
  return { mean, variance, unbiasing: numRows / Math.max(1, numRows - 1) };
}

/** The same of the rows that exist. */
function momentsWhere(isRow: Tensor, x: Tensor): Moments {
  const isEntry = isRow.reshape([-1, 1]);
  const numRows = isRow.cast("f32").sum();
  const meanOf = (y: Tensor) => isEntry.select(y, 0).sum({ axes: 0 }).div(numRows.maximum(1));
  const mean = meanOf(x);
  const variance = meanOf(x.sub(mean).square());
  return { mean, variance, unbiasing: numRows.div(numRows.sub(1).maximum(1)) };
}
