import fc from "fast-check";
import { expect, test } from "vitest";
import { outwardEdges, walkthrough } from "../../src/tracking/index.ts";

/** The roads from one node, as the definition lists them. */
function roads(node: number, follow: (node: number) => number[]): number[][] {
  const next = follow(node);
  if (next.length === 0) return [[node]];
  return next.flatMap((step) => roads(step, follow).map((road) => [node, ...road]));
}

const graphs = fc
  .record({
    numNodes: fc.integer({ min: 1, max: 12 }),
    pairs: fc.array(fc.tuple(fc.nat(11), fc.nat(11), fc.integer({ min: 0, max: 10 })), {
      maxLength: 30,
    }),
  })
  .map(({ numNodes, pairs }) => {
    const inside = pairs.filter(([a, b]) => a < b && b < numNodes);
    const edges = { source: inside.map(([a]) => a), target: inside.map(([, b]) => b) };
    return { numNodes, edges, score: inside.map(([, , s]) => s / 10) };
  });

test("each walk is the longest of all roads, the last among equals", () => {
  fc.assert(
    fc.property(graphs, ({ numNodes, edges, score }) => {
      const { labels, components, walks } = walkthrough(edges, score, numNodes);
      const used = new Set(components.flat());
      const strength = new Map<number, Map<number, number>>();
      for (const [e, source] of edges.source.entries()) {
        const after = strength.get(source) ?? new Map();
        strength.set(source, after.set(edges.target[e], score[e]));
      }
      for (const walk of walks) {
        const follow = (node: number) => {
          const free = [...(strength.get(node) ?? [])].filter(
            ([to, s]) => s > 0.01 && !used.has(to),
          );
          const best = free.reduce((a, b) => (b[1] > a[1] ? b : a), [-1, 0.1] as [number, number]);
          if (best[0] < 0) return [];
          return [best, ...free.filter((x) => x[0] !== best[0] && x[1] > 0.6)].map(([to]) => to);
        };
        const all = roads(walk[0]!, follow);
        const most = Math.max(...all.map((road) => road.length));
        expect(walk).toEqual(all.filter((road) => road.length === most).at(-1));
        for (const node of walk) used.add(node);
      }
      const tracks = [...components, ...walks];
      for (const [label, nodes] of tracks.entries())
        for (const node of nodes) expect(labels[node]).toBe(label);
      const inTracks = tracks.flat();
      expect(new Set(inTracks).size).toBe(inTracks.length);
      expect(labels.filter((label) => label >= 0)).toHaveLength(inTracks.length);
    }),
    { seed: 7, numRuns: 300 },
  );
});

test("many forks take no longer than few", () => {
  // 40 layers of two nodes, every edge strong: 2⁴⁰ roads
  const [source, target] = [[] as number[], [] as number[]];
  for (let layer = 0; layer < 39; layer++)
    for (const [a, b] of [
      [0, 0],
      [0, 1],
      [1, 0],
      [1, 1],
    ] as const) {
      source.push(2 * layer + a);
      target.push(2 * layer + 2 + b);
    }
  const { walks } = walkthrough({ source, target }, Array(source.length).fill(0.9), 80);
  expect(walks.map((walk) => walk.length)).toEqual([40, 40]);
});

test("edges are turned outwards; equal ends stay", () => {
  const edges = { source: [0, 1, 2], target: [1, 0, 1] };
  const { source, target } = outwardEdges(edges, [1, 2, 0], [0, 0, -2]);
  expect([[...source], [...target]]).toEqual([
    [0, 0, 2],
    [1, 1, 1],
  ]);
});

test("circles and wrong scores are refused", () => {
  const circle = { source: [0, 1], target: [1, 0] };
  expect(() => walkthrough(circle, [1, 1], 2)).toThrow("got a circle that reaches node 0");
  expect(() => walkthrough(circle, [1], 2)).toThrow("walkthrough(score): expected [2], got [1]");
  expect(walkthrough({ source: [], target: [] }, [], 1).labels).toEqual(Int32Array.of(-1));
});
