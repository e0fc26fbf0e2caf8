import fc from "fast-check";
import { expect, test } from "vitest";
import { connectedComponents } from "../../../src/tracking/clustering/index.ts";
import { asPartition } from "../../helpers/partitions.ts";

const graphs = fc.integer({ min: 1, max: 60 }).chain((numNodes) =>
  fc.record({
    numNodes: fc.constant(numNodes),
    ends: fc.array(fc.tuple(fc.nat(numNodes - 1), fc.nat(numNodes - 1)), { maxLength: 80 }),
  }),
);
const edgesOf = (ends: [number, number][]) => ({
  source: ends.map(([source]) => source),
  target: ends.map(([, target]) => target),
});

test("nodes share a label exactly if a path leads from one to the other", () => {
  fc.assert(
    fc.property(graphs, ({ numNodes, ends }) => {
      const labels = connectedComponents(edgesOf(ends), numNodes);
      const reached = Array.from({ length: numNodes }, (_, n) => n); // lowest node known to reach
      for (let round = 0; round < numNodes; round++)
        for (const [a, b] of ends) reached[a] = reached[b] = Math.min(reached[a]!, reached[b]!);
      expect([...labels]).toEqual(asPartition(reached)); // numbered by lowest node, both
    }),
  );
});

test("labels depend neither on the order nor on the direction of edges", () => {
  fc.assert(
    fc.property(graphs, fc.boolean(), ({ numNodes, ends }, isTurned) => {
      const other = ends
        .toReversed()
        .map(([a, b]): [number, number] => (isTurned ? [b, a] : [a, b]));
      const labels = connectedComponents(edgesOf(ends), numNodes);
      expect(connectedComponents(edgesOf(other), numNodes)).toEqual(labels);
    }),
  );
});

test("an edge of the threshold's weight is cut", () => {
  const edges = { source: [0, 1, 2], target: [1, 2, 3] };
  const weight = Float32Array.of(0.3, 0.31, 0.29);
  expect([...connectedComponents(edges, 4, { weight, threshold: 0.3 })]).toEqual([0, 1, 1, 2]);
  expect([...connectedComponents(edges, 4, { weight })]).toEqual([0, 1, 2, 3]);
});

test("no nodes have no components, a chain of 100 000 has one", () => {
  expect(connectedComponents({ source: [], target: [] }, 0)).toEqual(new Int32Array(0));
  const source = Array.from({ length: 99_999 }, (_, n) => 99_999 - n); // from the far end
  const edges = { source, target: source.map((n) => n - 1) };
  expect(connectedComponents(edges, 100_000).every((label) => label === 0)).toBe(true);
});

test("says what is wrong with its arguments", () => {
  const call =
    (source: number[], target: number[], options = {}) =>
    () =>
      connectedComponents({ source, target }, 2, options);
  expect(call([0], [2])).toThrow(
    "connectedComponents(edges): expected node rows below 2, got 0 → 2 at edge 0",
  );
  expect(call([0.5], [1])).toThrow("got 0.5 → 1");
  expect(call([0], [])).toThrow("got 1 sources, 0 targets");
  expect(call([0], [1], { weight: [] })).toThrow("cutEdges(weight): expected f32 [1], got [0]");
});
