/** Training steps of the interaction network on graphs of many sizes. */
import { describe, expect, test } from "vitest";
import {
  Adam,
  bceWithLogits,
  explain,
  gradients,
  InteractionLayer,
  InteractionNetwork,
  indices,
  LayerNorm,
  ones,
  pack,
  parameters,
  pieces,
  Rng,
  realize,
  setParameters,
  type Tensor,
  tensor,
  valueAndGrad,
} from "../../src/index.ts";
import { assertClose } from "../../src/testing/index.ts";
import { useDevice } from "../helpers/backends.ts";
import { randomFrom } from "../helpers/generate.ts";

const random = randomFrom(5);
const below = (n: number) => Math.floor(random() * n);

/** Sizes at which broadcasting, or a sum, has nothing to do; then random ones. */
const sizes = [
  [1, 1],
  [1, 40],
  [7, 1],
  [8, 8],
] as const;

/** Edges between any nodes: pairs that occur twice, nodes without edges, loops. */
function randomGraph(numNodes: number, numEdges: number) {
  const rows = () => indices(Uint32Array.from({ length: numEdges }, () => below(numNodes)));
  const numbers = (length: number, f: () => number) => Float32Array.from({ length }, f);
  return {
    x: tensor(
      numbers(3 * numNodes, () => random()),
      [numNodes, 3],
    ),
    ends: { source: rows(), target: rows() },
    labels: tensor(numbers(numEdges, () => below(2))),
  };
}

const makeModel = ({ isFused = false } = {}) =>
  new InteractionNetwork({
    isFused,
    inputs: 3,
    hiddenDim: 4,
    numIterations: 1,
    aggregate: ["max", "sum"],
    norms: [(n) => new LayerNorm(n)],
    rng: new Rng(2),
  });

describe.each(["js", "wasm", "webgpu"] as const)("on %s", (backend) => {
  const device = useDevice(backend);

  test("twenty graphs of other sizes, after a warm-up, create no pipeline and no plan", async () => {
    const model = makeModel();
    const adam = new Adam(model, { learningRate: 1e-3 });
    const step = async (numNodes: number, numEdges: number): Promise<number> => {
      const { x, ends, labels } = randomGraph(numNodes, numEdges);
      const { value, grads } = valueAndGrad(model, (m) =>
        bceWithLogits(m.forward(x, ends), labels),
      );
      adam.update(grads);
      return value.item();
    };
    for (const [nodes, edges] of [
      [5, 9],
      [30, 80],
      [7, 7],
    ])
      await step(nodes, edges);
    const { pipelines, plans } = device().stats();
    for (let i = 0; i < 20; i++) {
      const [nodes, edges] = sizes[i] ?? [2 + below(40), 1 + below(80)];
      expect(await step(nodes, edges), `${nodes} nodes, ${edges} edges`).toBeGreaterThan(0);
    }
    expect({ pipelines: device().stats().pipelines, plans: device().stats().plans }).toEqual({
      pipelines,
      plans,
    });
  });

  test("twenty runs of two steps give the same bits", async () => {
    const graph = randomGraph(12, 60);
    const run = async (): Promise<string> => {
      const model = makeModel();
      const adam = new Adam(model, { learningRate: 1e-2 });
      const values: Tensor[] = [];
      for (let i = 0; i < 2; i++) {
        const { value, grads } = valueAndGrad(model, (m) =>
          bceWithLogits(m.forward(graph.x, graph.ends), graph.labels),
        );
        adam.update(grads);
        await realize([value]);
        values.push(value);
      }
      const logits = await model.forward(graph.x, graph.ends).data();
      return [...logits, ...(await Promise.all(values.map((value) => value.item())))].join();
    };
    const first = await run();
    for (let i = 1; i < 20; i++) expect(await run()).toBe(first);
  });

  test("rows through all layers in one launch: the same values and gradients", async () => {
    const { x, ends, labels } = randomGraph(12, 60);
    const [plain, fused] = [false, true].map((isFused) => makeModel({ isFused }));
    setParameters(fused, parameters(plain));
    const [a, b] = [plain, fused].map((model) =>
      valueAndGrad(model, (m) => bceWithLogits(m.forward(x, ends), labels)),
    );
    await realize([a.value, b.value, ...a.grads.values(), ...b.grads.values()]);
    // sums of at most 60 terms near 1, through some ten layers
    await assertClose(b.value, a.value, 1e-5);
    for (const [name, gradient] of a.grads) await assertClose(b.grads.get(name)!, gradient, 1e-4);
  });

  test("an iteration is four launches", async () => {
    const { layer, state, ends } = await makeIteration();
    const { nodes, edges } = layer.forward(state, ends);
    const { launches, text } = await explain([nodes, edges]);
    expect(launches.length, text).toBeLessThanOrEqual(4);
    await expect(`${text}\n`).toMatchFileSnapshot("plans/interactionIteration.txt");
  });

  test("with its gradients it is eighteen, those of all parameters in one tensor", async () => {
    const { layer, state, ends } = await makeIteration();
    const { nodes, edges } = layer.forward(state, ends);
    const inputs = [state.nodes, state.edges, ...parameters(layer).values()];
    const loss = nodes.square().sum().add(edges.square().sum());
    const [dNodes, dEdges, ...dParameters] = gradients(loss, inputs);
    const { launches, text } = await explain([loss, dNodes, dEdges, pack(dParameters)]);
    expect(launches.length, text).toBeLessThanOrEqual(18); // 47 layer by layer
    await expect(`${text}\n`).toMatchFileSnapshot("plans/interactionGradients.txt");
  });
});

/** A layer of three-layer networks, its parameters in one tensor as optimizers keep them. */
async function makeIteration() {
  const layer = new InteractionLayer({
    ...{ hiddenDim: 16, numNodeLayers: 3, numEdgeLayers: 3, isFused: true },
    ...{ norms: [(n: number) => new LayerNorm(n)], rng: new Rng(2) },
  });
  const named = [...parameters(layer)];
  const flat = pack(named.map(([, tensor]) => tensor));
  const { ends } = randomGraph(30, 90);
  const state = { nodes: ones([30, 16]).exp(), edges: ones([90, 16]).exp() };
  await realize([flat, state.nodes, state.edges]);
  const shapes = named.map(([, { shape }]) => shape);
  const parts = pieces(flat, shapes);
  setParameters(layer, new Map(named.map(([name], which) => [name, parts[which]])));
  return { layer, state, ends };
}
