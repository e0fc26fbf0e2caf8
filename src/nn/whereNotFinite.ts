/** Why a training ended without a finite loss: the batch, and the op that gave the first such value. */
import { findNotFinite, type NotFinite, showNotFinite } from "../engine/notFinite.ts";
import type { Tensor } from "../engine/tensor.ts";
import { type Checkpoint, lossSumKey } from "./checkpoint.ts";
import { modelState, trainingPrefix, valueAndGrad } from "./module.ts";

/** A loss or a parameter that is not finite. */
export class LossNotFinite extends RangeError {
  /** At the latest the one that it comes from. */
  readonly step: number;
  private readonly got: string;

  constructor(got: string, step: number, where = `at or before step ${step}`) {
    super(
      `train: expected a finite loss, got ${got} ${where} (a lower learning rate, or clipNorm?)`,
    );
    this.step = step;
    this.got = got;
  }

  /** The same, once more is known. */
  at(step: number, batch?: string, found?: string): LossNotFinite {
    const ofBatch = batch === undefined ? "" : ` of ${batch}`;
    const from = found === undefined ? "" : `: ${found}`;
    return new LossNotFinite(this.got, step, `at step ${step}${ofBatch}${from}`);
  }
}

export function expectFiniteLoss(loss: number, step: number): number {
  if (Number.isFinite(loss)) return loss;
  throw new LossNotFinite(`${loss}`, step);
}

/** Nothing can go on from a parameter that is not finite, and the epoch is spoiled by one such loss. */
export function expectFinite(checkpoint: Checkpoint): void {
  const found = notFiniteIn(checkpoint);
  if (found) throw new LossNotFinite(found, checkpoint.state.step);
}

export const isGood = (checkpoint: Checkpoint): boolean => notFiniteIn(checkpoint) === null;

function notFiniteIn({ tensors }: Checkpoint): string | null {
  const isBad = (x: number | bigint) => !Number.isFinite(x);
  const loss = tensors.get(lossSumKey)?.data[0] ?? 0;
  if (isBad(loss)) return `${loss}`;
  for (const [name, { data }] of tensors) {
    if (name.startsWith(trainingPrefix)) continue; // moments may overflow
    const bad = (data as Float32Array).find(isBad);
    if (bad !== undefined) return `${bad} in ${name}`;
  }
  return null;
}

/** In words, what is not finite in the loss of one batch or, where that is, in its gradients; or null. */
export async function culprit<Model extends object>(
  model: Model,
  loss: (model: Model) => Tensor,
): Promise<string | null> {
  const { value, grads } = valueAndGrad(model, loss);
  const inLoss = await findNotFinite([value]);
  if (inLoss) return shown(inLoss, model);
  const inGradients = await findNotFinite([...grads.values()]);
  return inGradients && `in the gradient, ${shown(inGradients, model)}`;
}

/** Values that were there before are called by the name of the parameter, or are the batch's. */
function shown(found: NotFinite, model: object): string {
  if (found.operands.length > 0) return showNotFinite(found);
  const parameter = [...modelState(model)].find(([, { expr }]) => expr === found.expr);
  return showNotFinite({ ...found, name: parameter?.[0] ?? found.name ?? "a value of the batch" });
}
