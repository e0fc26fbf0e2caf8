/**
 * Replays `eggnet/acorn_track_building*` and `exatrkx/g_*` of `$TG_FIXTURES`: components, walkthrough,
 * DBSCAN of scored edges, and how the tracks are matched with particles.
 */
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { readSafetensors } from "../../src/engine/formats/safetensors.ts";
import {
  connectedComponents,
  dbscanEdges,
  type EdgeIndex,
  type MatchingOptions,
  type MatchingStyle,
  majorityCounts,
  matchingRates,
  outwardEdges,
  trackMatches,
  walkthrough,
} from "../../src/tracking/index.ts";
import { fixturePaths } from "../helpers/fixtures.ts";
import { asPartition } from "../helpers/partitions.ts";
import { expectClose, type Json } from "./helpers.ts";

interface Case {
  content: Json;
  names: string[];
  list: (name: string) => number[];
}

function casesOf(folder: string, pattern: RegExp, run: (c: Case) => void): void {
  const paths = fixturePaths(folder, pattern);
  if (paths.length === 0) test(`${pattern}: absent`, () => console.info(`no case of ${pattern}`));
  for (const path of paths) {
    const stored = path.replace(/json$/, "safetensors");
    const { tensors } = existsSync(stored)
      ? readSafetensors(readFileSync(stored), stored)
      : { tensors: new Map() };
    const list = (name: string) =>
      Array.from(tensors.get(name)!.data as ArrayLike<number | bigint>, Number);
    const content = JSON.parse(readFileSync(path, "utf8"));
    describe(path.split("/").slice(-2).join("/"), () =>
      run({ content, names: [...tensors.keys()], list }),
    );
  }
}

const edgesIn = (flat: number[]): EdgeIndex => ({
  source: flat.slice(0, flat.length / 2),
  target: flat.slice(flat.length / 2),
});

casesOf("eggnet", /^acorn_track_building.*\.json$/, ({ content, names, list }) => {
  const particle = list("in.hit_particle_id");
  const numNodes = particle.length;
  const score = list("in.scores");
  const given = edgesIn(list("in.edge_index"));
  const edges = outwardEdges(given, list("in.r"), list("in.z"));
  const { cc_walk: stored } = content;

  test("edges lead outwards", () => {
    expect([...edges.source, ...edges.target]).toEqual(list("out.edge_index_outwards"));
  });

  for (const name of names.filter((n) => n.startsWith("out.cc_labels.cut")))
    test(name, () => {
      const threshold = Number(name.slice("out.cc_labels.cut".length));
      const labels = connectedComponents(given, numNodes, { weight: score, threshold });
      expect([...labels]).toEqual(list(name));
    });

  test("components and walks", () => {
    const { min, add } = stored.score_cut_walk;
    const found = walkthrough(edges, score, numNodes, {
      componentCut: stored.score_cut_cc,
      minScore: min,
      forkScore: add,
    });
    const sorted = (tracks: Json) => tracks.map((t: number[]) => [...t].sort((a, b) => a - b));
    expect(found.components).toEqual(sorted(stored.tracks.cc));
    expect(sorted(found.walks)).toEqual(sorted(stored.tracks.walk));
    expect([...found.labels]).toEqual(list("out.cc_walk_labels"));
  });

  const count = (id: number) => particle.filter((p) => p === id).length;
  // as acorn was set up: particles of three hits or more, and noise, without momentum, is none
  const isTarget = particle.map((id) => Number(id !== 0 && count(id) >= 3));
  for (const [key, matching] of Object.entries<Json>(content)) {
    const [, source] = key.match(/^(.*)_matching$/) ?? [];
    if (source === undefined) continue;
    const labels = source.startsWith("cc_cut")
      ? list(`out.cc_labels.cut${source.slice("cc_cut".length)}`)
      : list(`out.${source}_labels`);
    for (const [name, expected] of Object.entries<Json>(matching)) {
      const [, isTable, style, min] = name.match(/^(table_)?(.*)_min(\d+)$/)!;
      const hits = { label: labels, particle, isTarget };
      const options: MatchingOptions = {
        style: style as MatchingStyle,
        minTrackHits: Number(min),
        compat: "acorn",
      };
      test(`${key} ${name}`, () => {
        if (isTable) {
          const rows = trackMatches(hits, options);
          const { track, particle: id, shared, trackHits, particleHits } = rows;
          const counts = [track, id, shared, trackHits, particleHits];
          const columns = [
            ...counts,
            rows.isMatchable,
            rows.isTarget,
            rows.isMatched,
            rows.isFound,
          ];
          const table = Array.from(rows.track, (_, k) => columns.map((column) => column[k]));
          expect(table).toEqual(expected);
          return;
        }
        const rates = matchingRates([hits], options);
        expect({
          n_particles: rates.numParticles,
          n_reconstructed_particles: rates.numFoundParticles,
          n_tracks: rates.numTracks,
          n_matched_tracks: rates.numMatchedTracks,
          n_duplicate: rates.numFindings - rates.numFoundParticles,
        }).toEqual({
          n_particles: expected.n_particles,
          n_reconstructed_particles: expected.n_reconstructed_particles,
          n_tracks: expected.n_tracks,
          n_matched_tracks: expected.n_matched_tracks,
          n_duplicate: expected.n_duplicate,
        });
        const found = [rates.efficiency.value, rates.fakeRate.value, rates.duplicateRate.value];
        expectClose(found, [expected.eff, expected.fake_rate, expected.dup_rate], 1e-12, "rates");
      });
    }
  }
});

casesOf("exatrkx", /^g_.*\.json$/, ({ content, list }) => {
  const events: string[] = content.events.map(String);
  const hitsOf = (event: string, minHits: number) => {
    const particle = list(`${event}.pid`);
    const numOf = new Map<number, number>();
    for (const id of particle) numOf.set(id, (numOf.get(id) ?? 0) + 1);
    const isTarget = particle.map((id) => Number((numOf.get(id) ?? 0) >= minHits));
    return { label: list(`${event}.labels`), particle, isTarget };
  };

  for (const event of events) {
    const edges = edgesIn(list(`${event}.edge_index`));
    const scores = list(`${event}.scores`);
    const numNodes = list(`${event}.labels`).length;
    test(`${event} components`, () => {
      const options = { weight: scores, threshold: content.score_cut };
      const labels = connectedComponents(edges, numNodes, options);
      expect([...labels]).toEqual(list(`${event}.labels`));
    });
    test(`${event} DBSCAN of scores`, () => {
      const nodes = list(`${event}.dbscan_nodes`);
      const distance = scores.map((s) => Math.fround(1 - s));
      const { labels } = dbscanEdges(edges, distance, numNodes, { eps: 0.25, minSamples: 1 });
      const withEdges = [...labels.keys()].filter((node) => labels[node] >= 0);
      expect(withEdges).toEqual(nodes);
      const found = nodes.map((node) => labels[node]!);
      expect(asPartition(found)).toEqual(asPartition(list(`${event}.dbscan_labels`)));
    });
    test(`${event} double majority`, () => {
      const expected = content.double_majority[event];
      // the numbers were made with these
      const counts = majorityCounts(hitsOf(event, 0), { minTrackHits: 3, minParticleHits: 3 });
      expect({
        n_true_tracks: counts.numParticles,
        n_reco_tracks: counts.numTracks,
        n_matched_particles: counts.foundParticles.length,
        n_matched_tracks: counts.numMatchedTracks,
        n_duplicated_tracks: counts.numDuplicates,
        n_matched_tracks_poi: counts.numMatchedTracksOfInterest,
        matched_particle_ids: [...counts.foundParticles],
        trackable_particle_ids: [...counts.longParticles],
      }).toEqual(expected);
    });
  }

  for (const [name, expected] of Object.entries<Json>(content.matching))
    test(name, () => {
      const [, style, fraction, minTrackHits, minHits] = name.match(
        /^(.*)_mf(.*)_track(\d+)_particle(\d+)$/,
      )!;
      const rates = matchingRates(
        events.map((event) => hitsOf(event, Number(minHits))),
        {
          style: style as MatchingStyle,
          fraction: Number(fraction),
          minTrackHits: Number(minTrackHits),
          compat: "acorn",
        },
      );
      expectClose(
        [
          rates.numParticles,
          rates.numFoundParticles,
          rates.numTracks,
          rates.numMatchedTracks,
          rates.numFindings - rates.numFoundParticles,
          rates.efficiency.value,
          rates.fakeRate.value,
          rates.duplicateRate.value,
        ],
        [
          expected.n_particles,
          expected.n_reconstructed_particles,
          expected.n_tracks,
          expected.n_matched_tracks,
          expected.n_duplicates,
          expected.efficiency,
          expected.fake_rate,
          expected.duplication_rate,
        ],
        1e-12,
        name,
      );
    });

  test("particles versus pt", () => {
    const { bins, true: all, reconstructed } = content.pt_efficiency_plot;
    // the plot takes equal ids of different events for one particle, and counts tracks of any length
    const [ptOf, found] = [new Map<number, number>(), new Set<number>()];
    for (const event of events) {
      const { particle, isTarget, isFound } = trackMatches(hitsOf(event, 3), { compat: "acorn" });
      const pts = list(`${event}.pt`);
      const ids = list(`${event}.pid`);
      for (const [k, id] of particle.entries()) {
        if (!isTarget[k]) continue;
        if (!ptOf.has(id)) ptOf.set(id, pts[ids.indexOf(id)]!);
        if (isFound[k]) found.add(id);
      }
    }
    const inBins = (ids: Iterable<number>) =>
      bins.slice(1).map((high: number, bin: number) => {
        const isInside = (pt: number) => pt >= bins[bin] && pt < high;
        return [...ids].filter((id) => isInside(ptOf.get(id)!)).length;
      });
    expect(inBins([...ptOf.keys()])).toEqual(all);
    expect(inBins(found)).toEqual(reconstructed);
  });
});
