import { pack, pieces } from "../../engine/pack.ts";
import { realize, type Tensor } from "../../engine/tensor.ts";

export interface LossScalerOptions {
  /** At the start. */
  scale?: number;
  /** Doubled after so many steps in a row without overflow. */
  growthInterval?: number;
}

/**
 * Dynamic loss scaling, Micikevicius et al. 2018 (arXiv:1710.03740): gradients are computed of a
 * multiple of the loss, so that small ones do not round to zero where they are stored as f16, and a
 * step whose gradients are not finite is skipped.
 *
 *   const { value, grads } = valueAndGrad(model, (m) => scaler.scaleUp(loss(m)));
 *   const found = await scaler.unscale(grads);
 *   if (found) optimizer.update(found);
 */
export class LossScaler {
  /** A power of two if it began as one, so that scaling rounds nothing. */
  scale: number;
  private readonly growthInterval: number;
  private goodSteps = 0;

  constructor({ scale = 2 ** 16, growthInterval = 2000 }: LossScalerOptions = {}) {
    this.scale = scale;
    this.growthInterval = growthInterval;
  }

  /** scale · loss */
  scaleUp(loss: Tensor): Tensor {
    return loss.mul(this.scale);
  }

  /**
   * The gradients of the loss itself, from those of the scaled one; null if one is not finite. Then the
   * step is to be skipped, and the scale is halved for the next. Waits for the device.
   */
  async unscale(grads: ReadonlyMap<string, Tensor>): Promise<Map<string, Tensor> | null> {
    if (grads.size === 0) return new Map();
    const all = pack([...grads.values()]);
    const greatest = all.abs().max();
    await realize([all, greatest]);
    if (!Number.isFinite(await greatest.item())) {
      this.scale /= 2;
      this.goodSteps = 0;
      return null;
    }
    const shapes = [...grads.values()].map(({ shape }) => shape);
    const unscaled = pieces(all.mul(1 / this.scale), shapes);
    if (++this.goodSteps % this.growthInterval === 0) this.scale *= 2;
    return new Map([...grads.keys()].map((name, which) => [name, unscaled[which]]));
  }
}
