/** What does message passing on graphs that are built anew cost, from the hits to the loss and back? */
import { EggNet, eggnetLoss, randomPairs } from "../../models/index.ts";
import { indices, parameters, Rng, realize, type Tensor, valueAndGrad } from "../../src/index.ts";
import { filled, rowNumbers, runsOf, type Workload } from "../workload.ts";

const [numHits, k, width, numLayers] = [500, 10, 128, 2];
const numParticles = 50;
const edges = numHits * k;
/** Three affine maps per edge; forward, and twice as much backward. */
const flops = 3 * 2 * edges * 3 * width * width * numLayers;

function loss(model: EggNet, hits: Tensor): Tensor {
  const particle = indices(Uint32Array.from({ length: numHits }, (_, h) => h % (numParticles + 1)));
  const rows = (seed: number) => rowNumbers(500, numHits, seed);
  const trackEdges = { first: rows(51), second: rows(52) };
  const truth = { particle, numParticles, trackEdges };
  const pairs = randomPairs(new Rng(53), numHits, 5000);
  return eggnetLoss(model.forward(hits), truth, { randomPairs: pairs }).loss;
}

export const eggnet: readonly Workload[] = [
  {
    name: `EggNet, ${numHits} hits, k = ${k}, width ${width}, ${numLayers} layers: loss and gradients`,
    flops,
    tolerance: 1e-4, // of gradients that mostly cancel
    async prepare() {
      const model = new EggNet({ inputs: 3, numIterations: 1, numLayers, k });
      const hits = filled([numHits, 3], 50);
      await realize([hits]);
      return runsOf([...parameters(model).values()], () => {
        const { value, grads } = valueAndGrad(model, (m) => loss(m, hits));
        return [value, ...grads.values()];
      });
    },
  },
];
