/** Replays `eggnet/evaluation*` of `$TG_FIXTURES`: DBSCAN at every radius, matching, curves. */
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { readSafetensors } from "../../src/engine/formats/safetensors.ts";
import {
  dbscanScan,
  eggnetValidation,
  type MatchedHits,
  matchingRates,
  matchingRatesInBins,
} from "../../src/tracking/index.ts";
import { fixturePaths } from "../helpers/fixtures.ts";
import { asPartition } from "../helpers/partitions.ts";
import { expectClose, type Json, numbersIn } from "./helpers.ts";

const asPublished = { minTrackHits: 1, compat: "eggnet" } as const;
const paths = fixturePaths("eggnet", /^evaluation.*\.json$/).filter((path) =>
  existsSync(path.replace(/json$/, "safetensors")),
);
if (paths.length === 0) test("evaluation: absent", () => console.info("no case of evaluation"));

for (const path of paths)
  describe(path.split("/").slice(-2).join("/"), () => {
    const content: Json = JSON.parse(readFileSync(path, "utf8"));
    const stored = path.replace(/json$/, "safetensors");
    const { tensors } = readSafetensors(readFileSync(stored), stored);
    const list = (name: string) =>
      Array.from(tensors.get(name)!.data as ArrayLike<number | bigint>, Number);
    const grid: number[] = content.eps_grid;
    const numEvents = content.per_event.length;
    const events = Array.from({ length: numEvents }, (_, e) => {
      const [numPoints, dim] = tensors.get(`event${e}.hit_embedding`)!.shape as [number, number];
      const points = { data: list(`event${e}.hit_embedding`), numPoints, dim };
      return {
        found: dbscanScan(points, grid, { minSamples: content.min_samples }),
        particle: list(`event${e}.hit_particle_id`),
        isTarget: list(`event${e}.target_mask`),
        pt: list(`event${e}.hit_particle_pt`),
        eta: list(`event${e}.hit_particle_eta`),
      };
    });
    const hitsAt = (i: number): MatchedHits[] =>
      events.map(({ found, ...truth }) => ({ label: found[i]!.labels, ...truth }));
    const countsOf = (rates: ReturnType<typeof matchingRates>) => ({
      n_particles: rates.numParticles,
      n_matched_particles: rates.numMatchedParticles,
      n_matched_tracks: rates.numMatchedTracks,
      n_matched_target_particles: rates.numFoundParticles,
      n_matched_target_tracks: rates.numFindings,
      n_tracks: rates.numTracks,
    });

    for (const [i, eps] of grid.entries())
      test(`eps ${eps}`, () => {
        for (const [e, hits] of hitsAt(i).entries()) {
          const labels = list(`event${e}.labels.eps${eps.toFixed(2)}`);
          expect(asPartition(hits.label)).toEqual(asPartition(labels));
          const { eps: at, ...counts } = content.per_event[e].scan[i];
          expect(at).toBe(eps);
          expect(countsOf(matchingRates([hits], asPublished))).toEqual(counts);
        }
        const rates = matchingRates(hitsAt(i), asPublished);
        const { eff, dup, fak, eps: _, ...counts } = content.total[i];
        expect(countsOf(rates)).toEqual(counts);
        const { efficiency, duplicateRate, fakeRate } = rates;
        const values = [efficiency.value, duplicateRate.value, fakeRate.value];
        expectClose(values, [eff, dup, fak], 1e-12, "rates");
      });

    const chosen = grid.findIndex((eps) => Math.abs(eps - content.eval_config.eps) < 1e-9);
    test("validation step", () => {
      const key = `cluster_eval_eps${content.eval_config.eps}`.replace(".", "p");
      for (const [e, hits] of hitsAt(chosen).entries()) {
        const { val_eff, val_signal_eff, val_dup, val_fak } = content.per_event[e][key];
        const found = eggnetValidation(hits);
        expectClose(
          [found.efficiency, found.signalEfficiency, found.duplicateRate, found.fakeRate],
          [val_eff, val_signal_eff, val_dup, val_fak],
          1e-12,
          "validation",
        );
      }
    });

    for (const name of ["pt", "eta"] as const)
      test(`efficiency versus ${name}`, () => {
        const { histograms: h } = content;
        const values = events.map((event) => event[name]);
        const bins = matchingRatesInBins(hitsAt(chosen), values, h[`${name}_bins`], asPublished);
        expect(bins.map((bin) => bin.numParticles)).toEqual(h[`particles_${name}`]);
        expect(bins.map((bin) => bin.numFoundParticles)).toEqual(h[`matched_${name}`]);
        const shares = bins.map((bin) => bin.efficiency);
        // an empty bin has no efficiency; published is 0 there
        const value = shares.map((s) => (s.total === 0 ? 0 : s.value));
        expectClose(value, numbersIn(h[`efficiency_${name}`]), 1e-12, "efficiency");
        const lows = shares.map((s) => s.value - s.low);
        const highs = shares.map((s) => s.high - s.value);
        // both by an inverse of the incomplete beta function, good to some 1e-14
        expectClose(lows, numbersIn(h[`error_low_${name}`]), 1e-12, "low");
        expectClose(highs, numbersIn(h[`error_high_${name}`]), 1e-12, "high");
      });
  });
