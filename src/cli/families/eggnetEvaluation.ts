/** `trackgrad eval` for EggNet: rates at each radius, scores at the chosen one, times. */
import {
  hdbscanTracks,
  ratesInBins,
  type ScannedRadius,
  scanRadii,
  timesOf,
  tracksAt,
} from "../../../models/index.ts";
import type { MatchingRates, SearchThreads, Tracks } from "../../tracking/index.ts";
import type { Evaluation } from "../family.ts";
import { meanOf, reportOf, scoreTable } from "../scores.ts";
import { table } from "../table.ts";
import type { EggNetEvaluationSettings } from "./eggnetEvaluationConfig.ts";
import type { TimedEmbedding } from "./eggnetInferred.ts";

export async function evaluateEggnet(
  embedded: readonly TimedEmbedding[],
  settings: EggNetEvaluationSettings,
  threads: SearchThreads | undefined,
): Promise<Evaluation> {
  const { eps, eps_scan: radii, target_tracks: targets, pT_unit: ptUnit, compat } = settings;
  const matching = { targets, ...(compat && { compat: "eggnet" as const, minTrackHits: 1 }) };
  const events = embedded.map(({ event }) => event);
  const milliseconds: Record<string, number[]> = {
    network: embedded.map((event) => event.milliseconds),
    dbscan: [],
    hdbscan: [],
  };
  const timed = async <T>(what: string, task: () => T | Promise<T>): Promise<T> => {
    const start = performance.now();
    const result = await task();
    milliseconds[what].push(performance.now() - start);
    return result;
  };
  const [found, others]: Tracks[][] = [[], []];
  for (const { embedding } of embedded) {
    found.push(await timed("dbscan", () => tracksAt(embedding, [eps])[0]));
    others.push(await timed("hdbscan", () => hdbscanTracks(embedding, threads)));
  }
  const scan = scanRadii(embedded, { eps: radii, ...matching });
  const [chosen] = scanRadii(embedded, { eps: [eps], ...matching });
  const scores = (tracks: readonly Tracks[]) =>
    events.map((event, e) => reportOf(event, tracks[e], { compat }));
  const times = Object.fromEntries(
    Object.entries(milliseconds).map(([what, each]) => [what, timesOf(each)]),
  );
  const [reports, byHdbscan] = [scores(found), scores(others)];
  return {
    document: {
      ...{ events: reports, mean: meanOf(reports), eps, rates: chosen, scan },
      ...{ bins: ratesInBins(events, found, { ...matching, ptUnit }), hdbscan: meanOf(byHdbscan) },
      milliseconds: times,
    },
    text: [
      `DBSCAN, eps ${eps}\n${scoreTable(reports)}`,
      `HDBSCAN\n${scoreTable(byHdbscan)}`,
      ratesTable(scan),
      `per event: ${Object.entries(times)
        .map(([what, { mean, std }]) => `${what} ${mean.toPrecision(3)} ± ${std.toPrecision(2)} ms`)
        .join(", ")}`,
    ].join("\n\n"),
  };
}

/** Rates with the half width of their 68 % intervals. */
function ratesTable(scan: readonly ScannedRadius[]): string {
  const share = ({ value, low, high }: MatchingRates["duplicateRate"]) =>
    `${value.toFixed(3)} ± ${((high - low) / 2).toFixed(3)}`;
  const rows = scan.map((rates) => [
    rates.eps.toFixed(2),
    ...[rates.efficiency, rates.fakeRate, rates.duplicateRate].map(share),
  ]);
  return table(["eps", "efficiency", "fake rate", "duplicate rate"], rows);
}
