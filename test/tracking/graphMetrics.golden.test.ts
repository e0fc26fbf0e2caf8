/** Replays every case of `$TG_FIXTURES` that scores a graph of hits, or edges by their weights. */
import { expect, test } from "vitest";
import {
  connectedComponents,
  edgeClassification,
  edgeEfficiency,
  goodNodes,
  graphCounts,
  type LabelledGraph,
  labelledGraph,
  orphanCounts,
  segmentFractions,
  summarizeConnectivity,
  trackConnectivity,
} from "../../src/tracking/index.ts";
import { rateNames, segmentDistances } from "./graphs.ts";
import { expectClose, type Json, numberIn, numbersIn, replay } from "./helpers.ts";

const ratio = 1e-12; // the fixtures' own tolerance for ratios: float64 sums in another order
const single = 1e-6; // and for what was computed in float32

const summaryNames = {
  segment100: "frac_segment100",
  segment75: "frac_segment75",
  segment50: "frac_segment50",
  component100: "frac_component100",
  component75: "frac_component75",
  component50: "frac_component50",
  meanSegments: "n_segments",
  meanLargestSegment: "frac_hits_largest_segment",
  meanLargestComponent: "frac_hits_largest_component",
};
const orphanNames = {
  numCorrect: "n_orphan_correct",
  numIncorrect: "n_orphan_incorrect",
  numOrphans: "n_orphan_total",
};
const countNames = {
  numHits: "n_hits",
  numNoise: "n_hits_noise",
  numGood: "n_hits_thld",
  numEdges: "n_edges",
  numTracks: "n_tracks",
  numTrueEdges: "n_true_edges",
  numTrueEdgesGood: "n_true_edges_thld",
};

/** Every field that has a name there is what the case file says. */
function expectFields(
  actual: object,
  expected: Json,
  names: Record<string, string>,
  tolerance: number,
  suffix = "",
): void {
  for (const [ours, theirs] of Object.entries(names)) {
    const key = theirs + suffix;
    expectClose([(actual as Json)[ours]], [numberIn(expected[key])], tolerance, key);
  }
}

replay("metrics", "graph_metrics", ({ cases }) => {
  for (const [i, c] of cases.entries()) {
    const { expected } = c;
    const graph = graphOf(c);
    const cuts = { minPt: c.pt_thld, maxEta: c.max_eta };
    const title = `${i} ${c.name}`;

    test(`${title}: good hits, counts and orphans`, () => {
      expect(Array.from(goodNodes(graph.nodes, cuts))).toEqual(expected.good_node_mask);
      const counts = graphCounts(graph, { ...cuts, compat: true });
      expectFields(counts, expected.basic_counts, countNames, 0);
      expectFields(orphanCounts(graph, cuts), expected.orphans_intended, orphanNames, 0);
      const published = orphanCounts(graph, { ...cuts, compat: true });
      expectFields(published, expected.orphans_reference_bug, orphanNames, 0);
    });
    test(`${title}: efficiency and purity of edges`, () => {
      const trueEdges = edgesIn(c.true_edge_index);
      const names = { efficiency: "efficiency", purity: "purity" };
      const found = edgeEfficiency(graph, { ...cuts, trueEdges });
      expectFields(found, expected.efficiency_purity, names, single);
    });
    test(`${title}: segments and components`, () => {
      expectConnectivity(graph, cuts, expected.track_graph_info);
      const summary = summarizeConnectivity(trackConnectivity(graph, cuts));
      expectFields(summary, expected.summary, summaryNames, ratio);
      const fractions = segmentFractions(graph, cuts).sort();
      expectClose(fractions, expected.largest_segment_fracs_sorted, ratio, "largest segments");
      const labels = connectedComponents(graph.edges, c.n);
      expect(Array.from(labels)).toEqual(expected.cc_labels);
    });
    if (!expected.ec) continue;
    test(`${title}: edge classification`, () => {
      for (const at of expected.ec) {
        const options = { ...cuts, threshold: at.threshold, compat: true };
        const found = edgeClassification(graph, numbersIn(c.w), options);
        expectFields(found.all, at, rateNames, ratio);
        expectFields(found.good, at, rateNames, ratio, "_thld");
        expectFields(found.orphans, at, orphanNames, 0);
        expectFields(found.tracks, at, summaryNames, ratio);
      }
    });
  }
});

const edgesIn = ([source, target]: Json) => ({ source, target });

const graphOf = (c: Json): LabelledGraph =>
  labelledGraph(
    {
      particle: numbersIn(c.particle_id),
      pt: numbersIn(c.pt),
      eta: numbersIn(c.eta),
      reconstructable: numbersIn(c.reconstructable),
    },
    edgesIn(c.edge_index),
  );

function expectConnectivity(graph: LabelledGraph, cuts: object, rows: Json[]): void {
  const table = trackConnectivity(graph, cuts);
  const names = {
    particle: "pid",
    numHits: "n_hits",
    numSegments: "n_segments",
    largestSegment: "n_hits_largest_segment",
    largestComponent: "n_hits_largest_component",
  } as const;
  const column = (name: string) => rows.map((row) => numberIn(row[name]));
  for (const [ours, theirs] of Object.entries(names))
    expectClose(table[ours as keyof typeof names], column(theirs), 0, theirs);
  // the reference takes equally large segments in the order of a hash table
  column("distance_largest_segments").forEach((expected, t) => {
    const possible = segmentDistances(graph, table.particle[t]!);
    expect(possible, `distance of track ${t}`).toContain(expected);
    expect(table.segmentDistance[t]).toBe(possible[0]); // we take those with the lowest hits
  });
}
