/** What EggNet's inference and training step launch, and that nothing of three widths per edge is stored. */
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { EggNet, eggnetLoss, randomPairs } from "../../models/index.ts";
import {
  Adam,
  type Explanation,
  explain,
  indices,
  parameters,
  Rng,
  realize,
  type Tensor,
  valueAndGrad,
} from "../../src/index.ts";
import { useDevice } from "../helpers/backends.ts";

useDevice("js");
beforeAll(() => void vi.stubEnv("TG_VERIFY", "0")); // plans are looked at here, not values
afterAll(() => void vi.unstubAllEnvs());

const [numHits, k, width] = [40, 5, 16];
const numEdges = numHits * k;
const size = { hiddenDim: width, numLayers: 3 };
const build = (numIterations: number, numLayers: number) =>
  new EggNet({
    ...{ inputs: 3, nodeDim: width, edgeDim: width, embeddingDim: 4, k, numIterations, numLayers },
    sizes: { encoder: size, firstNode: size, edge: size, node: size },
    rng: new Rng(1),
  });

async function given(): Promise<Tensor> {
  const hits = new Rng(2).normal([numHits, 3]);
  await realize([hits]);
  return hits;
}

async function inference(numIterations: number, numLayers = 1): Promise<Explanation> {
  const model = build(numIterations, numLayers);
  await realize([...parameters(model).values()]);
  return explain([model.forward(await given()).embedding]);
}

async function trainingStep(numIterations: number, numLayers = 1): Promise<Explanation> {
  const model = build(numIterations, numLayers);
  const hits = await given();
  const truth = {
    particle: indices(Uint32Array.from({ length: numHits }, (_, h) => h % 7)),
    numParticles: 6,
    trackEdges: { first: indices([1, 2]), second: indices([8, 9]) },
  };
  const optimizer = new Adam(model, { amsgrad: true });
  const step = () => {
    const { value, grads } = valueAndGrad(model, (m) => {
      const options = { k, randomPairs: randomPairs(new Rng(3), numHits, 50) };
      return eggnetLoss(m.forward(hits), truth, options).loss;
    });
    optimizer.update(grads);
    return value;
  };
  for (let warmUp = 0; warmUp < 2; warmUp++) await step().data();
  const loss = step();
  return explain([loss, ...parameters(model).values(), ...optimizer.state().values()]);
}

/** The most numbers per edge in any buffer that is written. */
function widestPerEdge({ launches }: Explanation): number {
  const shapes = launches.flatMap(({ stores }) =>
    stores.map((store) => /\[(.*)\]/.exec(store)![1].split(",").map(Number)),
  );
  const sizes = shapes.map((shape) => shape.reduce((a, b) => a * b, 1));
  return Math.max(...sizes.filter((each) => each % numEdges === 0)) / numEdges;
}

const launchesOf = ({ launches }: Explanation): number => launches.length;

test("a graph more is 23 launches in inference and in training, a layer more 19 and 50 with its gradient", async () => {
  const [once, twice, deeper] = [await inference(1), await inference(2), await inference(1, 2)];
  expect(launchesOf(twice) - launchesOf(once)).toBeLessThanOrEqual(23);
  expect(launchesOf(deeper) - launchesOf(once)).toBeLessThanOrEqual(19);
  const trained = [await trainingStep(1), await trainingStep(2), await trainingStep(1, 2)];
  const [first, second, more] = trained.map(launchesOf);
  expect(second - first).toBeLessThanOrEqual(23); // only the last graph carries a gradient
  expect(more - first).toBeLessThanOrEqual(50);
  for (const plan of [once, twice, deeper, ...trained])
    expect(widestPerEdge(plan)).toBeLessThanOrEqual(width + 1); // messages and their score
});

test.each([
  ["eggnetInference", inference, 37],
  ["eggnetTrainingStep", trainingStep, 164],
] as const)("%s is planned as it was looked at", async (name, explained, most) => {
  const { launches, text } = await explained(1);
  expect(launches.length).toBeLessThanOrEqual(most);
  await expect(`${text}\n`).toMatchFileSnapshot(`plans/${name}.txt`);
});
