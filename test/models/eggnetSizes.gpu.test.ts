/** EggNet trains on events of any size without compiling or planning anything anew. */
import { describe, expect, test } from "vitest";
import { EggNet, eggnetLoss, randomPairs } from "../../models/index.ts";
import { Adam, indices, Rng, valueAndGrad } from "../../src/index.ts";
import { useDevice } from "../helpers/backends.ts";

const size = { hiddenDim: 8, numLayers: 2 };
const build = () =>
  new EggNet({
    ...{ inputs: 3, nodeDim: 6, edgeDim: 5, embeddingDim: 4, k: 3, numIterations: 2, numLayers: 2 },
    sizes: { encoder: size, firstNode: size, edge: size, node: size, decoder: size, score: size },
    ...{ hasScore: true, rng: new Rng(3) },
  });

const lossOf = (model: EggNet, numHits: number) => {
  const hits = new Rng(numHits).normal([numHits, 3]);
  const truth = {
    particle: indices(Array.from({ length: numHits }, (_, h) => h % 3)),
    numParticles: 2,
    trackEdges: { first: indices([1, 2]), second: indices([4, 5]) },
  };
  const pairs = randomPairs(new Rng(9), numHits, 20);
  const options = { kind: "weightedContrastive", k: 3, randomPairs: pairs } as const;
  return eggnetLoss(model.forward(hits), truth, options).loss;
};

describe.each(["js", "wasm", "webgpu"] as const)("on %s", (backend) => {
  const device = useDevice(backend);

  test("events of other sizes, after a warm-up, create no pipeline and no plan", async () => {
    const model = build();
    const adam = new Adam(model, { learningRate: 1e-3, amsgrad: true });
    const step = async (numHits: number) => {
      const { value, grads } = valueAndGrad(model, (m) => lossOf(m, numHits));
      adam.update(grads);
      return value.item();
    };
    for (const numHits of [7, 20, 9]) await step(numHits);
    const { pipelines, plans } = device().stats();
    for (const numHits of [8, 31, 12, 50, 6]) expect(await step(numHits)).toBeGreaterThan(0);
    const after = device().stats();
    expect([after.pipelines, after.plans]).toEqual([pipelines, plans]);
  });
});
