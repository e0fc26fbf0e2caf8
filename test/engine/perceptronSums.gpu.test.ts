/** Sums by segment of a perceptron's rows: the same as of stored rows, which exist nowhere. */
import { describe, expect, test } from "vitest";
import {
  concat,
  explain,
  gather,
  gradients,
  indices,
  LayerNorm,
  Mlp,
  none,
  pack,
  parameters,
  pieces,
  Rng,
  realize,
  ShapeError,
  segmentSum,
  segmentsOf,
  setParameters,
  type Tensor,
} from "../../src/index.ts";
import { assertClose, randomFrom, randomTensor } from "../../src/testing/index.ts";
import { useDevice } from "../helpers/backends.ts";

const [numNodes, width] = [60, 6];
const random = randomFrom(21);
const below = (n: number) => Math.floor(random() * n);

/** A node where most edges arrive, over several blocks of them; and, as edges are few, nodes without any. */
const targetOf = (numEdges: number): Uint32Array =>
  Uint32Array.from({ length: numEdges }, () => (random() < 0.6 ? 7 : below(numNodes)));

function messagesOf(mlp: Mlp, numEdges: number, target = indices(targetOf(numEdges))) {
  const nodes = randomTensor(random, [numNodes, width]);
  const edges = randomTensor(random, [numEdges, width]);
  const source = indices(Uint32Array.from({ length: numEdges }, () => below(numNodes)));
  const segments = segmentsOf(target, numNodes);
  const rows = (x: Tensor, e: Tensor) => concat([gather(x, source), gather(x, target), e]);
  return {
    leaves: [nodes, edges] as const,
    segments,
    rows,
    sum: (x: Tensor, e: Tensor) => mlp.segmentSum(rows(x, e), segments),
    stored: (x: Tensor, e: Tensor) => segmentSum(mlp.forward(rows(x, e)), segments),
  };
}

/** Its parameters are pieces of one tensor, as optimizers leave them. */
async function makeMlp({ isFused = true } = {}): Promise<Mlp> {
  const mlp = new Mlp({
    sizes: [3 * width, 8, 5],
    ...{ activation: "silu", outputActivation: "tanh", norms: [(n) => new LayerNorm(n)] },
    ...{ isFused, rng: new Rng(3) },
  });
  const named = [...parameters(mlp)];
  const flat = pack(named.map(([, tensor]) => tensor));
  await realize([flat]);
  const parts = pieces(
    flat,
    named.map(([, { shape }]) => shape),
  );
  setParameters(mlp, new Map(named.map(([name], which) => [name, parts[which]])));
  return mlp;
}

describe.each(["js", "wasm", "webgpu"] as const)("on %s", (backend) => {
  const device = useDevice(backend);

  test.each([1, 40, 700])("%d edges: values and gradients are those of stored rows", async (E) => {
    const mlp = await makeMlp();
    const { leaves, sum, stored } = messagesOf(mlp, E);
    const inputs = [...leaves, ...parameters(mlp).values()];
    await realize([...leaves]);
    const seed = randomTensor(random, [numNodes, 5]);
    const [a, b] = [sum, stored].map((f) => {
      const y = f(...leaves);
      return [y, ...gradients(y, inputs, seed)];
    });
    const { launches } = await explain(a);
    const labels = launches.map(({ label }) => label);
    expect(labels).toContain("perceptronSums");
    expect(labels).toContain("perceptronRowsGradient");
    await realize([...a, ...b]);
    // sums of up to 700 terms below 1, added up in other orders where parameters receive them
    for (const [which, want] of b.entries()) await assertClose(a[which], want, 3e-4);
  });

  test("what follows finishes the sums; no launch stores a row per edge but the slopes", async () => {
    const mlp = await makeMlp();
    const E = 211;
    const { leaves, sum } = messagesOf(mlp, E);
    await realize([...leaves]);
    const y = sum(...leaves)
      .mul(0.5)
      .add(1);
    const { launches } = await explain([y]);
    expect(launches.at(-1)?.label).toBe("perceptronSums+add");
    const ofEdges = (stores: readonly string[]) => stores.filter((of) => of.includes(`[${E}, `));
    expect(launches.flatMap(({ stores }) => ofEdges(stores))).toEqual([]);
    const back = await explain(gradients(y.sum(), [...leaves]));
    const wide = back.launches.flatMap(({ stores }) => ofEdges(stores));
    const [slopes, dEdges] = wide.map((of) => of.split(" ").slice(-2).join(" "));
    expect([slopes, dEdges, wide.length]).toEqual([`[${E}, ${8 + width}]`, `[${E}, ${width}]`, 2]);
  });

  test("rows of no segment add nothing and receive nothing", async () => {
    const mlp = await makeMlp();
    const E = 90;
    const target = Uint32Array.from({ length: E }, (_, e) =>
      e % 4 === 1 ? none : below(numNodes),
    );
    // computed, so that it is sorted on the device, where none is allowed
    const { leaves, sum, rows } = messagesOf(mlp, E, indices(target).maximum(0));
    await realize([...leaves]);
    const y = sum(...leaves);
    const ofRows = await mlp.forward(rows(...leaves)).data();
    const want = new Float64Array(5 * numNodes);
    for (const [e, node] of target.entries())
      for (let o = 0; o < 5 && node < numNodes; o++) want[5 * node + o] += ofRows[5 * e + o];
    const found = await y.data();
    // at most ten terms below 1
    for (const [i, value] of want.entries()) expect(Math.abs(found[i] - value)).toBeLessThan(1e-5);
    const [, dEdges] = gradients(y.sum(), [...leaves]);
    const slopes = await dEdges.data();
    for (const [e, node] of target.entries())
      expect(slopes.subarray(width * e, width * (e + 1)).every((slope) => slope === 0)).toBe(
        node >= numNodes,
      );
  });

  test("twenty runs give the same bits, and other numbers of edges compile nothing", async () => {
    const mlp = await makeMlp();
    const run = async ({ leaves, sum }: ReturnType<typeof messagesOf>) => {
      const y = sum(...leaves);
      const found = [y, ...gradients(y.square().sum(), [...leaves, ...parameters(mlp).values()])];
      await realize(found);
      return (await Promise.all(found.map((t) => t.data()))).map((data) => data.join()).join(";");
    };
    const graph = messagesOf(mlp, 300);
    const first = await run(graph);
    const { pipelines, plans } = device().stats();
    for (let i = 1; i < 20; i++) expect(await run(graph)).toBe(first);
    for (const E of [2, 33, 401]) await run(messagesOf(mlp, E));
    expect({ pipelines: device().stats().pipelines, plans: device().stats().plans }).toEqual({
      pipelines,
      plans,
    });
  });

  test("the plan of a step is one of a few launches", async () => {
    const mlp = await makeMlp();
    const { leaves, sum } = messagesOf(mlp, 120);
    await realize([...leaves]);
    const y = sum(...leaves);
    const { text } = await explain([y, ...gradients(y.square().sum(), [...leaves])]);
    await expect(`${text}\n`).toMatchFileSnapshot("plans/perceptronSums.txt");
  });
});

test("layer by layer where it is not fused, and rows must be those of the segments", async () => {
  const { leaves, sum, stored, segments } = messagesOf(await makeMlp({ isFused: false }), 30);
  await assertClose(sum(...leaves), stored(...leaves), 0);
  const fused = await makeMlp();
  expect(() => fused.segmentSum(randomTensor(random, [29, 18]), segments)).toThrow(
    new ShapeError("perceptronSum(x): expected [30, …], got [29, 18]"),
  );
});
