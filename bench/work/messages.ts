/**
 * What is it worth that messages are added up where they are computed? A message per edge from both of its
 * ends, by a perceptron of two layers, added up by node; then with the gradients of nodes and parameters.
 */
import {
  concat,
  gather,
  gradients,
  Mlp,
  pack,
  parameters,
  pieces,
  Rng,
  segmentSum,
  segmentsOf,
  setParameters,
} from "../../src/index.ts";
import { filled, rowNumbers, runsOf, type Workload } from "../workload.ts";

const [numEdges, numNodes, width] = [20_000, 2000, 32];

interface Form {
  /** Whether each message is stored before they are added up. */
  isStored: boolean;
  isTrained: boolean;
}

const workload = ({ isStored, isTrained }: Form): Workload => ({
  name: `messages 20k×32 → 2k${isTrained ? " + gradients" : ""}${isStored ? ", stored" : ""}`,
  tolerance: 1e-4, // parameters receive sums over all edges
  note: "segments sorted once, outside the time",
  async prepare() {
    const mlp = new Mlp({ sizes: [2 * width, width, width], isFused: true, rng: new Rng(30) });
    const named = [...parameters(mlp)];
    const flat = pack(named.map(([, tensor]) => tensor));
    const x = filled([numNodes, width], 31);
    const [source, target] = [32, 33].map((seed) => rowNumbers(numEdges, numNodes, seed));
    const segments = segmentsOf(target, numNodes);
    const seed = filled([numNodes, width], 34);
    const inputs = [flat, x, source, target, segments.offsets, segments.order, seed];
    const shapes = named.map(([, { shape }]) => shape);
    return runsOf(inputs, () => {
      const parts = pieces(flat, shapes);
      setParameters(mlp, new Map(named.map(([name], which) => [name, parts[which]])));
      const ends = concat([gather(x, source), gather(x, target)]);
      const sum = () => mlp.segmentSum(ends, segments);
      const y = isStored ? segmentSum(mlp.forward(ends), segments) : sum();
      return isTrained ? [y, ...gradients(y, [x, flat], seed)] : y;
    });
  },
});

export const messages: readonly Workload[] = [false, true].flatMap((isTrained) =>
  [false, true].map((isStored) => workload({ isStored, isTrained })),
);
