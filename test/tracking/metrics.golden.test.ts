/**
 * Replays every case of `$TG_FIXTURES` that scores tracks or clusters; classifiers, graphs and track
 * parameters have golden tests of their own.
 */
import { expect, test } from "vitest";
import {
  averageRates,
  type BinnedRates,
  type ClusterRates,
  type ClusterTable,
  clusterMetrics,
  clusterMetricsVsEta,
  clusterMetricsVsPt,
  clusterRates,
  clusterTable,
  decodeParticleId,
  type Event,
  hitCountFractions,
  hitEta,
  hitPt,
  hitReconstructable,
  hitsPerCluster,
  indexParticles,
  type LabelledHits,
  orderWeights,
  partitionScores,
  readTrackml,
  trackFormersMetrics,
  trackmlScore,
  trackmlWeights,
  trackTable,
  weightOrder,
  weightPt,
} from "../../src/tracking/index.ts";
import {
  dataFolder,
  expectClose,
  hasEvent,
  type Json,
  numberIn,
  numbersIn,
  openIn,
  replay,
} from "./helpers.ts";

const ratio = 1e-12; // the fixtures' own tolerance for ratios: float64 sums in another order

const eachCase = (cases: Json[], run: (c: Json) => void | Promise<void>) =>
  cases.forEach((c, i) => {
    const event = c.source as string | undefined;
    test(`${i} ${c.name}`, (context) => {
      if (event && !hasEvent(event)) context.skip(`needs ${event}, absent from ${dataFolder}`);
      return run(c);
    });
  });

replay("metrics", "trackml_score", ({ cases }) => {
  eachCase(cases, ({ particle_id, weight, track_id, expected }) => {
    const tracks = numbersIn(track_id);
    // ids may be 64-bit integers, written as strings
    const { indexOf } = indexParticles([BigUint64Array.from(particle_id.map(BigInt))]);
    const indices = (ids: Json[]) => ids.map((id) => indexOf(BigInt(id))!);
    const truth = { particle: indices(particle_id), weight: numbersIn(weight) };
    const table = trackTable(tracks, truth, { compat: true });
    const score = trackmlScore(tracks, truth, { compat: true });
    expectClose([score], [numberIn(expected.score)], ratio, "score");
    const names = {
      track: "track_id",
      numHits: "nhits",
      particleHits: "major_particle_nhits",
      majorityHits: "major_nhits",
      majorityWeight: "major_weight",
    } as const;
    for (const [ours, theirs] of Object.entries(names))
      expectClose(table[ours as "track"], numbersIn(expected.tracks[theirs]), ratio, ours);
    expect([...table.particle]).toEqual(indices(expected.tracks.major_particle_id));
    if (!tracks.some((t) => t < 0))
      expectClose([trackmlScore(tracks, truth)], [score], ratio, "score without compat");
  });
});

replay("metrics", "trackml_weights", (content) => {
  test("order_matrix", () => {
    for (const [n, row] of content.order_matrix.entries())
      expectClose(orderWeights(n), numbersIn(row), ratio, `orderWeights(${n})`);
  });
  test("weight_order", () => {
    for (const [index, numHits, weight] of content.weight_order)
      expectClose([weightOrder(index, numHits)], [weight], ratio, `hit ${index} of ${numHits}`);
  });
  test("weight_pt", () => {
    for (const [pt, weight] of content.weight_pt)
      expectClose([weightPt(pt)], [weight], ratio, `pt ${pt}`);
  });
  test("decode_particle_id", () => {
    for (const { particle_id, ...fields } of content.decode_particle_id) {
      const { vertex, primary, generation, secondary, process } = decodeParticleId(
        BigInt(particle_id),
      );
      expect(fields).toEqual({
        vertex_id: vertex,
        primary_id: primary,
        generation,
        secondary_id: secondary,
        process,
      });
    }
  });
  test("small", async () => {
    const event = await smallEvent(content.small);
    for (const phase of [1, 2] as const) {
      const expected = content.small[`phase${phase}`];
      const { index, order, pt, weight } = trackmlWeights(event, { phase });
      expect(Array.from(index)).toEqual(expected.ihit);
      expectClose(order, expected.weight_order, ratio, "order");
      expectClose(pt, expected.weight_pt, ratio, "pt");
      expectClose(weight, expected.weight, ratio, "weight");
    }
  });
  for (const name of Object.keys(content).filter((key) => key.startsWith("event")))
    test(name, async (context) => {
      if (!hasEvent(name)) context.skip(`needs ${name}, absent from ${dataFolder}`);
      const event = await readTrackml(openIn(dataFolder), name);
      const expected = content[name];
      for (const phase of [1, 2] as const) {
        const { index, weight } = trackmlWeights(event, { phase });
        const first: number[] = expected[`phase${phase}_weight`];
        expectClose(weight.slice(0, first.length), first, ratio, `phase ${phase}`);
        expect(Array.from(index.slice(0, expected.ihit.length))).toEqual(expected.ihit);
        const squares = weight.reduce((sum, w) => sum + w * w, 0);
        expectClose([squares], [expected[`phase${phase}_sum_of_squares`]], ratio, "squares");
        expect(weight.filter((w) => w > 0).length).toBe(expected[`phase${phase}_nonzero`]);
        if (phase === 1) continue;
        // the file's weights have six digits
        const scaled = weight.map((w) => w * expected.official_over_phase2);
        event.truth!.weight.forEach((w, hit) => {
          expect(Math.abs(w - scaled[hit])).toBeLessThanOrEqual(2e-5 * w);
        });
      }
    });
});

/** The columns of the small example as the files that they would stand in. */
function smallEvent({ particles, truth }: Json): Promise<Event> {
  const csv = (columns: Record<string, Json[]>) =>
    [
      Object.keys(columns),
      ...Object.values(columns)[0].map((_, r) => Object.values(columns).map((c) => c[r])),
    ]
      .map((row) => row.join())
      .join("\n");
  const zeros = truth.hit_id.map(() => 0);
  const hits = { hit_id: truth.hit_id, x: zeros, y: zeros, z: zeros };
  const ids = { volume_id: zeros, layer_id: zeros, module_id: zeros };
  const crossing = { tx: zeros, ty: zeros, tpx: zeros, tpy: zeros, tpz: zeros, weight: zeros };
  const files: Record<string, string> = {
    "small-hits.csv": csv({ ...hits, ...ids }),
    "small-particles.csv": csv({ ...particles, q: particles.nhits }),
    "small-truth.csv": csv({ ...truth, ...crossing }),
  };
  return readTrackml(
    async (name) => (name in files ? new TextEncoder().encode(files[name]) : undefined),
    "small",
  );
}

/** Our names of the rates, and the case files'. */
const rateNames = {
  numParticles: "n_particles",
  numClusters: "n_cleaned_clusters",
  perfect: "perfect",
  doubleMajority: "double_majority",
  lhc: "lhc",
  fakePerfect: "fake_perfect",
  fakeDoubleMajority: "fake_double_majority",
  fakeLhc: "fake_lhc",
} as const;

function expectRates(rates: Json, expected: Json, what: string, suffix = ""): void {
  for (const [ours, theirs] of Object.entries(rateNames))
    expectClose([rates[ours]], [numberIn(expected[theirs + suffix])], ratio, `${what} ${theirs}`);
}

replay("metrics", "cluster_metrics", ({ cases }) => {
  eachCase(cases, async (c) => {
    const hits = c.source ? await eventHits(c) : labelledHits(c);
    const options = { minHits: c.predicted_count_thld, maxEta: c.max_eta };
    const rates = clusterMetrics(hits, { ...options, ptThresholds: c.pt_thlds });
    const expected = c.expected_lowest_pid ?? c.expected;
    expect(rates.map(({ minPt }) => minPt)).toEqual(expected.map((e: Json) => e.pt_thld));
    rates.forEach((rate, i) => {
      expectRates(rate, expected[i], `pt ≥ ${rate.minPt}`);
      if (!c.tie_sensitive) expectRates(rate, c.expected[i], `pt ≥ ${rate.minPt} as printed`);
    });
    if (c.clusters) expectTable(clusterTable(hits, options), c.clusters, c.tie_sensitive);
    if (c.common) expectPartition(partitionScores(hits.particle, hits.label), c.common);
    const key = "trackml_score_with_track_id_label_plus_1";
    if (!(key in c)) return;
    const { truth } = await readTrackml(openIn(dataFolder), c.source);
    const tracks = Array.from(hits.label, (label) => label + 1);
    const score = trackmlScore(tracks, { particle: hits.particle, weight: truth!.weight });
    expectClose([score], [c[key]], ratio, key);
  });
});

const labelledHits = (c: Json): LabelledHits => ({
  label: numbersIn(c.predicted),
  particle: numbersIn(c.truth),
  pt: numbersIn(c.pt),
  eta: numbersIn(c.eta),
  reconstructable: numbersIn(c.reconstructable),
});

async function eventHits(c: Json): Promise<LabelledHits> {
  const event = await readTrackml(openIn(dataFolder), c.source);
  return {
    label: numbersIn(c.predicted),
    particle: event.truth!.particleIndex,
    pt: hitPt(event),
    eta: hitEta(event),
    reconstructable: hitReconstructable(event, { compat: true }),
  };
}

function expectTable(table: Json, expected: Json, isTied: boolean): void {
  expectClose(table.label, numbersIn(expected.c), 0, "c");
  expectClose(table.numHits, numbersIn(expected.cluster_size), 0, "cluster_size");
  expectClose(table.majorityHits, numbersIn(expected.maj_hits), 0, "maj_hits");
  expect(Array.from(table.isValid)).toEqual(expected.valid_cluster.map(Number));
  expect(Array.from(table.isLhc)).toEqual(expected.lhc_match.map(Number));
  expect(Array.from(table.isDoubleMajority)).toEqual(expected.double_majority.map(Number));
  if (isTied) return; // the printed majority may be another of the tied particles
  expectClose(table.particle, numbersIn(expected.maj_pid), 0, "maj_pid");
  expectClose(table.particleHits, numbersIn(expected.maj_pid_hits), 0, "maj_pid_hits");
  expect(Array.from(table.isPerfect)).toEqual(expected.perfect_match.map(Number));
}

function expectPartition(scores: Json, expected: Json): void {
  const names = {
    vMeasure: "v_measure",
    homogeneity: "homogeneity",
    completeness: "completeness",
    adjustedRand: "adjusted_rand",
    fowlkesMallows: "fowlkes_mallows",
  };
  for (const [ours, theirs] of Object.entries(names))
    expectClose([scores[ours]], [numberIn(expected[theirs])], ratio, theirs);
}

replay("metrics", "cluster_metrics_differential", (c) => {
  const batches: LabelledHits[] = c.batches.map(labelledHits);
  const tables = batches.map((hits) => clusterTable(hits));
  const replayBins = (bins: BinnedRates[], expected: Json[], cut: (bin: BinnedRates) => Cut) => {
    expect(bins.length).toBe(expected.length);
    bins.forEach((bin, i) => {
      const rates = batches.map((hits, b) => clusterRates(hits, tables[b], cut(bin)));
      expect(averageRates(rates)).toEqual({ mean: bin.mean, error: bin.error });
      const possible = batches.map((hits, b) => tiedRates(hits, tables[b], rates[b], cut(bin)));
      const numWays = possible.reduce((product, ways) => product * ways.length, 1);
      if (numWays <= maxWays) expectSome(combinations(possible), expected[i], `bin ${i}`);
      else expectBetween(possible, expected[i], `bin ${i}`);
    });
  };
  test("vs pt", () => {
    const bins = clusterMetricsVsPt(batches, c.pt_edges, { compat: true });
    const edges = c.expected_vs_pt.map((bin: Json) => [bin.pt_min, bin.pt_max]);
    expect(bins.map(({ low, high }) => [low, high])).toEqual(edges);
    replayBins(bins, c.expected_vs_pt, ({ low, high }) => {
      return (pt, eta) => pt >= low && pt < high && eta < 4;
    });
  });
  test("vs eta", () => {
    const bins = clusterMetricsVsEta(batches, c.eta_edges, { minPt: c.eta_pt_thld });
    const edges = c.expected_vs_eta.map((bin: Json) => [bin.eta_min, bin.eta_max]);
    expect(bins.map(({ low, high }) => [low, high])).toEqual(edges);
    replayBins(bins, c.expected_vs_eta, ({ low, high }) => {
      return (pt, eta) => pt >= c.eta_pt_thld && eta >= low && eta < high;
    });
  });
  test("hits per cluster", () => {
    const { labels, counts, flat } = c.hits_per_cluster;
    const histogram = hitsPerCluster(labels, { compat: true });
    expect(Array.from(histogram)).toEqual(counts);
    const names = Object.keys(flat).sort();
    expect(names[0]).toBe("hitcountgeq_0001");
    const expected = names.map((name) => flat[name]);
    expectClose(hitCountFractions(histogram, { compat: true }), expected, ratio, "flat");
  });
});

type Cut = (pt: number, eta: number) => boolean;

/**
 * The rates for every way of settling ties: the case file was made with an unstable sort, and does not
 * say which of two equally frequent particles it took. Only the number of clusters can differ, because
 * a tied cluster matches nothing.
 */
function tiedRates(hits: LabelledHits, table: ClusterTable, rates: ClusterRates, cut: Cut) {
  let fewest = 0;
  let most = 0;
  table.label.forEach((label, c) => {
    if (table.isValid[c] === 0) return;
    const inCluster = Array.from(hits.label, (_, h) => h).filter((h) => hits.label[h] === label);
    const numHits = (h: number) =>
      inCluster.filter((k) => hits.particle[k] === hits.particle[h]).length;
    const tied = inCluster.filter((h) => numHits(h) === table.majorityHits[c]);
    const passes = tied.map((h) => hits.reconstructable[h] > 0 && cut(hits.pt[h], hits.eta[h]));
    if (passes.every((is) => is)) fewest++;
    if (passes.some((is) => is)) most++;
  });
  return Array.from({ length: most - fewest + 1 }, (_, i) => withClusters(rates, fewest + i));
}

function withClusters(rates: ClusterRates, numClusters: number): ClusterRates {
  const matched = (rate: number, count: number) => (count === 0 ? 0 : Math.round(rate * count));
  const perfect = matched(rates.perfect, rates.numParticles);
  const doubleMajority = matched(rates.doubleMajority, rates.numParticles);
  const lhc = matched(rates.lhc, rates.numClusters);
  return {
    ...rates,
    numClusters,
    lhc: lhc / numClusters,
    fakePerfect: (numClusters - perfect) / numClusters,
    fakeDoubleMajority: (numClusters - doubleMajority) / numClusters,
    fakeLhc: (numClusters - lhc) / numClusters,
  };
}

/** More ways of settling ties than this are not tried one by one. */
const maxWays = 20_000;

/** The rates that ties cannot change, and the number of clusters within what ties allow. */
function expectBetween(possible: ClusterRates[][], expected: Json, what: string): void {
  const { mean } = averageRates(possible.map(([rates]) => rates));
  for (const name of ["numParticles", "perfect", "doubleMajority"] as const)
    expectClose([mean[name]], [numberIn(expected[rateNames[name]])], ratio, `${what} ${name}`);
  const most = averageRates(possible.map((ways) => ways[ways.length - 1])).mean.numClusters;
  expect(expected.n_cleaned_clusters).toBeGreaterThanOrEqual(mean.numClusters);
  expect(expected.n_cleaned_clusters).toBeLessThanOrEqual(most);
}

/** One entry of every list, in every way. */
const combinations = <T>(lists: readonly T[][]): T[][] =>
  lists.reduce<T[][]>(
    (all, list) => all.flatMap((some) => list.map((one) => [...some, one])),
    [[]],
  );

/** At least one way of settling ties gives the expected numbers, all of them. */
function expectSome(ways: ClusterRates[][], expected: Json, what: string): void {
  const failures = ways.flatMap((rates) => {
    try {
      const { mean, error } = averageRates(rates);
      expectRates(mean, expected, what);
      expectRates(error, expected, what, "_err");
      return [];
    } catch (failure) {
      return [failure];
    }
  });
  if (failures.length === ways.length) throw failures[0];
}

replay("transformer-regressor", "scoring_cases", ({ cases, redvid_example }) => {
  const example = redvid_example && {
    name: "redvid example",
    ...redvid_example,
    particle_ids: redvid_example.track_ids,
    weights: redvid_example.labels.map(() => 1),
  };
  eachCase(example ? [example, ...cases] : cases, ({ labels, particle_ids, weights, expected }) => {
    const truth = {
      particle: Float32Array.from(numbersIn(particle_ids)),
      weight: Float32Array.from(numbersIn(weights)),
    };
    const scores = trackFormersMetrics(labels, truth, { compat: true });
    const names = ["perfect", "doubleMajority", "lhc"] as const;
    const rates = [expected.perfect, expected.double_majority, expected.lhc];
    expectClose([scores.trackml], [numberIn(expected.trackml_score)], ratio, "trackml");
    names.forEach((name, i) => {
      expectClose([scores[name]], [numberIn(rates[i])], ratio, name);
    });
  });
});
