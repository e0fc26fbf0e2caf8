/** Some steps of a training with a bit of everything, to compare where it runs. */
import {
  Adam,
  gather,
  indices,
  LayerNorm,
  Mlp,
  modelState,
  mse,
  type OpenOptions,
  openDevice,
  Rng,
  segmentSum,
  segmentsOf,
  type Tensor,
  valueAndGrad,
} from "../../../src/index.ts";

export interface Trained {
  device: string;
  losses: number[];
  /** Of the first step, by parameter. */
  gradients: Record<string, number[]>;
  /** After the last step. */
  parameters: Record<string, number[]>;
}

const width = 6;

/** Large ones are shared by threads: a launch has work for several. */
export async function trainingSteps(options: OpenOptions, numNodes = 37): Promise<Trained> {
  const device = await openDevice(options);
  const numEdges = 3 * numNodes;
  const hitsOfEdges = (factor: number) =>
    indices(Array.from({ length: numEdges }, (_, e) => (e * factor + 5) % numNodes));
  const rng = new Rng(11);
  const norms = [(features: number) => new LayerNorm(features)];
  const model = new Mlp({ sizes: [width, 20, 20, 1], activation: "silu", norms, rng });
  const optimizer = new Adam(model, { learningRate: 0.01 });
  const [x, y] = [rng.normal([numNodes, width]), rng.normal([numNodes, 1])];
  const source = hitsOfEdges(7);
  const target = segmentsOf(hitsOfEdges(11), numNodes);

  const trained: Trained = { device: `${device}`, losses: [], gradients: {}, parameters: {} };
  for (let step = 0; step < 3; step++) {
    const { value, grads } = valueAndGrad(model, (m) => {
      const received = segmentSum(gather(x, source).tanh(), target);
      return mse(m.forward(received.add(x)), y);
    });
    if (step === 0) trained.gradients = await numbersOf(grads);
    optimizer.update(grads);
    trained.losses.push(await value.item());
  }
  trained.parameters = await numbersOf(modelState(model));
  await device.close();
  return trained;
}

async function numbersOf(tensors: ReadonlyMap<string, Tensor>): Promise<Record<string, number[]>> {
  const named: Record<string, number[]> = {};
  for (const [name, values] of tensors) named[name] = Array.from(await values.data());
  return named;
}
