/** The same step on the same graph gives the same bits, however often an index occurs in it. */
import { describe, expect, test } from "vitest";
import {
  Adam,
  bceWithLogits,
  concat,
  gather,
  indices,
  Mlp,
  parameters,
  Rng,
  segmentSum,
  segmentsOf,
  type Tensor,
  tensor,
  valueAndGrad,
} from "../../src/index.ts";
import { useDevice } from "../helpers/backends.ts";
import { randomFrom } from "../helpers/generate.ts";

const [numNodes, numEdges, width] = [30, 200, 8];
const numRuns = 20;

/** Edges of which many leave, and many arrive at, the same few nodes; some of them twice. */
function graphOf(seed: number) {
  const random = randomFrom(seed);
  const draw = (length: number, f: () => number) => Float32Array.from({ length }, f);
  const node = () => Math.floor(numNodes * random() ** 3);
  return {
    source: indices(Array.from({ length: numEdges }, node)),
    target: indices(Array.from({ length: numEdges }, node)),
    x: tensor(
      draw(numNodes * width, () => 2 * random() - 1),
      [numNodes, width],
    ),
    labels: tensor(
      draw(numEdges, () => (random() < 0.3 ? 1 : 0)),
      [numEdges, 1],
    ),
  };
}

/** Two rounds of messages along the edges, then a score per edge. */
class EdgeClassifier {
  readonly edges: Mlp;
  readonly nodes: Mlp;
  readonly scores: Mlp;

  constructor(rng: Rng) {
    this.edges = new Mlp({ sizes: [2 * width, 16, width], rng });
    this.nodes = new Mlp({ sizes: [2 * width, 16, width], rng });
    this.scores = new Mlp({ sizes: [2 * width, 16, 1], rng });
  }

  forward({ source, target, x }: ReturnType<typeof graphOf>): Tensor {
    const ends = () => concat([gather(x, source), gather(x, target)]);
    for (let round = 0; round < 2; round++) {
      const received = segmentSum(this.edges.forward(ends()), segmentsOf(target, numNodes));
      x = x.add(this.nodes.forward(concat([x, received])));
    }
    return this.scores.forward(ends());
  }
}

describe.each(["js", "wasm", "webgpu"] as const)("on %s", (backend) => {
  useDevice(backend);

  test("twenty runs of a training step give the same parameters, bit for bit", async () => {
    const run = async (): Promise<Uint32Array[]> => {
      const graph = graphOf(5);
      const model = new EdgeClassifier(new Rng(3));
      const adam = new Adam(model, { learningRate: 0.01 });
      const { value, grads } = valueAndGrad(model, (m) =>
        bceWithLogits(m.forward(graph), graph.labels),
      );
      adam.update(grads);
      await value.item();
      const bits = async (p: Tensor) => new Uint32Array((await p.data()).buffer);
      return Promise.all([...parameters(model).values()].map(bits));
    };
    const first = await run();
    const start = await Promise.all(
      [...parameters(new EdgeClassifier(new Rng(3))).values()].map((p) => p.data()),
    );
    for (const [which, p] of start.entries())
      expect(new Uint32Array(p.buffer)).not.toEqual(first[which]); // each has learned something
    for (let again = 1; again < numRuns; again++) expect(await run()).toEqual(first);
  });
});
