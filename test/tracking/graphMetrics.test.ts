import fc from "fast-check";
import { expect, test } from "vitest";
import {
  edgeClassification,
  edgeEfficiency,
  edgesFound,
  goodNodes,
  graphCounts,
  labelledGraph,
  orphanCounts,
  segmentFractions,
  summarizeConnectivity,
  trackConnectivity,
} from "../../src/tracking/index.ts";
import { partsOf, segmentDistances, stepsFrom } from "./graphs.ts";

const graphOf = (particle: number[], ends: [number, number][], pt = particle.map(() => 1)) =>
  labelledGraph(
    {
      particle,
      pt,
      eta: particle.map(() => 0),
      reconstructable: particle.map((p) => Number(p > 0)),
    },
    { source: ends.map(([source]) => source), target: ends.map(([, target]) => target) },
  );

/** Small graphs of a few particles and noise; particle 4 is soft, and edges may repeat or loop. */
const graphs = fc
  .array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 20 })
  .chain((particle) => {
    const row = fc.nat(particle.length - 1);
    return fc.array(fc.tuple(row, row), { maxLength: 30 }).map((ends) => ({ particle, ends }));
  });
const softPt = (particle: number[]) => particle.map((p) => (p === 4 ? 0.5 : 1));

test("a graph without hits has no rates, and counts nothing", () => {
  const empty = graphOf([], []);
  expect(edgeEfficiency(empty)).toEqual({ efficiency: Number.NaN, purity: Number.NaN });
  expect(trackConnectivity(empty).particle).toHaveLength(0);
  const summary = summarizeConnectivity(trackConnectivity(empty));
  expect(new Set(Object.values(summary))).toEqual(new Set([Number.NaN]));
  expect(new Set(Object.values(graphCounts(empty)))).toEqual(new Set([0]));
  expect(orphanCounts(empty)).toEqual({ numCorrect: 0, numIncorrect: 0, numOrphans: 0 });
  expect(segmentFractions(empty)).toHaveLength(0);
  expect(edgeClassification(empty, []).good.numTrue).toBe(0);
});

test("hits at the pt threshold and at the η limit are not good; noise never is", () => {
  const nodes = {
    particle: [1, 1, 1, 1, 0, 1],
    pt: [0.9, 1, 1, 1, 1, 1],
    eta: [0, 4, -4, -3.9, 0, Number.NaN],
    reconstructable: [1, 1, 1, 1, 1, 1],
  };
  expect([...goodNodes(nodes)]).toEqual([0, 0, 0, 1, 0, 0]);
});

test("all true edges in both directions are an efficiency of 1, in one direction of a half", () => {
  const ends: [number, number][] = [
    [0, 1],
    [0, 2],
    [1, 2],
  ];
  const both = [...ends, ...ends.map(([a, b]): [number, number] => [b, a])];
  expect(edgeEfficiency(graphOf([7, 7, 7], both))).toEqual({ efficiency: 1, purity: 1 });
  expect(edgeEfficiency(graphOf([7, 7, 7], ends))).toEqual({ efficiency: 0.5, purity: 1 });
  const trueEdges = { source: [0], target: [1] };
  expect(edgeEfficiency(graphOf([7, 7, 7], both), { trueEdges }).efficiency).toBe(3);
});

test("edges between noise hits are true only as published", () => {
  const { nodes, edges, isTrue } = graphOf(
    [0, 0, 3, 3],
    [
      [0, 1],
      [2, 3],
    ],
  );
  expect([...isTrue]).toEqual([0, 1]);
  expect([...labelledGraph(nodes, edges, { compat: true }).isTrue]).toEqual([1, 1]);
});

test("orphans are hits without an edge; published counts of them are 0", () => {
  const graph = graphOf([1, 1, 0, 2], [[0, 1]]);
  expect(orphanCounts(graph)).toEqual({ numCorrect: 1, numIncorrect: 1, numOrphans: 2 });
  expect(orphanCounts(graph, { compat: true }).numOrphans).toBe(0);
});

test("true edges with a good source are counted; published are the false ones", () => {
  const graph = graphOf(
    [1, 1, 2, 2],
    [
      [0, 1],
      [0, 2],
      [1, 3],
      [2, 3],
    ],
    [1, 1, 0, 0],
  );
  expect(graphCounts(graph).numTrueEdgesGood).toBe(1);
  expect(graphCounts(graph, { compat: true }).numTrueEdgesGood).toBe(2);
});

test("a track joined through noise is one component of two segments", () => {
  const table = trackConnectivity(
    graphOf(
      [5, 5, 0, 5, 5],
      [
        [0, 1],
        [1, 2],
        [2, 3],
        [3, 4],
      ],
    ),
  );
  expect(table).toEqual({
    particle: Float64Array.of(5),
    numHits: Uint32Array.of(4),
    numSegments: Uint32Array.of(2),
    largestSegment: Uint32Array.of(2),
    segmentDistance: Float64Array.of(2),
    largestComponent: Uint32Array.of(4),
  });
});

test("a track without edges is as many segments as hits, infinitely far apart", () => {
  const table = trackConnectivity(graphOf([5, 5, 5], []));
  expect([table.numSegments[0], table.segmentDistance[0], table.largestComponent[0]]).toEqual([
    3,
    Infinity,
    1,
  ]);
  expect(summarizeConnectivity(table)).toMatchObject({ segment50: 0, component100: 0 });
  expect([...segmentFractions(graphOf([5, 5, 5], []))]).toEqual([1 / 3]);
});

test("an edge of the threshold's weight is a yes to the rates, but cut from the graph", () => {
  const graph = graphOf([1, 1], [[0, 1]]);
  const {
    all,
    orphans: left,
    tracks,
  } = edgeClassification(graph, Float32Array.of(0.3), {
    threshold: 0.3,
  });
  expect([all.tpr, left.numIncorrect, tracks.meanSegments]).toEqual([1, 2, 2]);
  const published = edgeClassification(graph, [0.3], { threshold: 0.3, compat: true });
  expect(published.orphans.numOrphans).toBe(0);
});

test("as published, the η cut reaches only the rates of good edges", () => {
  const { nodes, edges } = graphOf([1, 1], [[0, 1]]);
  const graph = labelledGraph({ ...nodes, eta: [3, 3] }, edges);
  const options = { maxEta: 2, compat: true };
  const { good, tracks } = edgeClassification(graph, [1], options);
  expect([good.numTrue, tracks.segment100]).toEqual([0, 1]);
  expect(edgeClassification(graph, [1], { maxEta: 2 }).tracks.segment100).toBeNaN();
});

test("segments, components and distances are those of a search hit by hit", () => {
  fc.assert(
    fc.property(graphs, ({ particle, ends }) => {
      const graph = graphOf(particle, ends, softPt(particle));
      const table = trackConnectivity(graph);
      const ids = [...new Set(particle)].filter((p) => p > 0 && p < 4).sort();
      expect([...table.particle]).toEqual(ids);
      ids.forEach((id, t) => {
        const hits = particle.flatMap((p, row) => (p === id ? [row] : []));
        const segments = partsOf(graph, (row) => particle[row] === id);
        const reached = hits.map((hit) => {
          const steps = stepsFrom(graph, [hit]);
          return hits.filter((other) => steps.has(other)).length;
        });
        expect(table.numHits[t]).toBe(hits.length);
        expect(table.numSegments[t]).toBe(segments.length);
        const largest = Math.max(...segments.map((rows) => rows.length));
        expect(table.largestSegment[t]).toBe(largest);
        expect(table.largestComponent[t]).toBe(Math.max(...reached));
        expect(table.segmentDistance[t]).toBe(segmentDistances(graph, id)[0]);
        expect(segmentFractions(graph)[t]).toBe(largest / hits.length);
      });
    }),
    { numRuns: 200 },
  );
});

test("the order of hits and edges, and the direction of edges, make no difference", () => {
  fc.assert(
    fc.property(graphs, fc.nat(), ({ particle, ends }, seed) => {
      const rows = [...particle.keys()];
      const [order] = fc.sample(fc.shuffledSubarray(rows, { minLength: rows.length }), {
        numRuns: 1,
        seed,
      }) as [number[]];
      const moved = ends
        .toReversed()
        .map(([a, b]): [number, number] => [order.indexOf(b), order.indexOf(a)]);
      const graph = graphOf(particle, ends, softPt(particle));
      const shuffled = order.map((row) => particle[row]!);
      const other = graphOf(shuffled, moved, softPt(shuffled));
      // a choice among equally large segments is made by the order of hits
      const { segmentDistance: _, ...connectivity } = trackConnectivity(graph);
      expect(trackConnectivity(other)).toMatchObject(connectivity);
      expect(edgeEfficiency(other)).toEqual(edgeEfficiency(graph));
      expect(segmentFractions(other)).toEqual(segmentFractions(graph));
      expect(orphanCounts(other)).toEqual(orphanCounts(graph));
      const { numTrueEdgesGood: __, ...counts } = graphCounts(graph); // is about sources
      expect(graphCounts(other)).toMatchObject(counts);
    }),
  );
});

test("an edge is found in either direction, and nowhere else", () => {
  const nodes = fc.integer({ min: 0, max: 5 });
  const pairs = fc.array(fc.tuple(nodes, nodes), { maxLength: 12 });
  const edgesOf = (list: [number, number][]) => ({
    source: list.map(([from]) => from),
    target: list.map(([, to]) => to),
  });
  fc.assert(
    fc.property(pairs, pairs, (wanted, graph) => {
      const isIn = ([a, b]: [number, number]) =>
        graph.some(([c, d]) => (a === c && b === d) || (a === d && b === c));
      const found = edgesFound(edgesOf(wanted), edgesOf(graph), 6);
      expect([...found]).toEqual(wanted.map((edge) => (isIn(edge) ? 1 : 0)));
    }),
  );
});

test("says what is wrong with its arguments", () => {
  expect(() => graphOf([1], [[0, 1]])).toThrow(
    "labelledGraph(edges): expected node rows below 1, got 0 → 1 at edge 0",
  );
  expect(() => graphOf([1], [], [])).toThrow(
    "labelledGraph(pt): expected [1], like particle, got [0]",
  );
  expect(() => edgeClassification(graphOf([1, 1], [[0, 1]]), [])).toThrow(
    "expected f32 [1], got [0]",
  );
});
