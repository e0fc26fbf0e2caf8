/** The loss and the gradients of one step, over several batches. */
import { commit, type Tensor } from "../engine/tensor.ts";
import { valueAndGrad } from "./module.ts";

/** Arrays of up to `size` consecutive items. */
export async function* groupsOf<Item>(items: Iterable<Item> | AsyncIterable<Item>, size: number) {
  let group: Item[] = [];
  for await (const item of items) {
    group.push(item);
    if (group.length < size) continue;
    yield group;
    group = [];
  }
  if (group.length > 0) yield group;
}

type LossAndGrads = ReturnType<typeof valueAndGrad>;

/** Means over the batches; each batch is computed in a submission of its own, so memory is that of one. */
export function lossAndGrads<Model extends object, Batch>(
  model: Model,
  [first, ...others]: readonly Batch[],
  loss: (model: Model, batch: Batch) => Tensor,
): LossAndGrads {
  const of = (batch: Batch) => valueAndGrad(model, (m) => loss(m, batch));
  let sum = of(first);
  if (others.length === 0) return sum;
  let frees: readonly Tensor[] = [];
  for (const batch of others) {
    const before = [sum.value, ...sum.grads.values()];
    commit(before, { ahead: true, frees });
    sum = addUp(sum, of(batch));
    frees = before;
  }
  const share = 1 / (1 + others.length);
  const grads = new Map([...sum.grads].map(([name, g]) => [name, g.mul(share)]));
  return { value: sum.value.mul(share), grads };
}

/** A parameter that one of them does not depend on has the gradient of the other. */
function addUp(a: LossAndGrads, b: LossAndGrads): LossAndGrads {
  const grads = new Map(a.grads);
  for (const [name, g] of b.grads) grads.set(name, grads.get(name)?.add(g) ?? g);
  return { value: a.value.add(b.value), grads };
}
