/** What domain decomposition does to the tracks and times of a Transformer Regressor, for `trackgrad eval`. */
import {
  clusterDomains,
  meanScores,
  type RegressorClustering,
  type RegressorSample,
  regressDomains,
  type TransformerRegressor,
  timesOf,
} from "../../../models/index.ts";
import { residualStatistics, type TrackFormersMetrics } from "../../tracking/index.ts";
import type { ReportSection } from "../report.ts";
import { table } from "../table.ts";

type Spread = { readonly mean: number; readonly std: number };

/** Mean scores of events, and ms for each. */
interface Found {
  readonly mean: TrackFormersMetrics;
  readonly milliseconds: { readonly network: Spread; readonly clustering: Spread };
}

export interface DomainEvaluation extends Found {
  readonly overlap: number; // rad
  /** Of the largest share of its hits that a particle has in one part. */
  readonly quality: Spread;
  readonly hitsPerPart: Spread;
}

export async function evaluateDomains(
  model: TransformerRegressor,
  samples: readonly RegressorSample[],
  options: { overlap: number; clustering: RegressorClustering; compat: boolean },
): Promise<DomainEvaluation> {
  const { overlap, clustering, compat } = options;
  const events = await regressDomains(model, samples, { overlap, compat });
  const clustered = clusterDomains(events, clustering, { compat });
  const spreadOf = (values: readonly number[]): Spread => {
    const { mean, std } = residualStatistics(values.filter((value) => !Number.isNaN(value)));
    return { mean, std };
  };
  const ofEvents = (of: (event: (typeof events)[number]) => number) =>
    spreadOf(events.map(of)).mean;
  return {
    overlap,
    mean: meanScores(clustered),
    milliseconds: {
      network: timesOf(events.map(({ milliseconds }) => milliseconds)),
      clustering: timesOf(clustered.map(({ milliseconds }) => milliseconds)),
    },
    quality: {
      mean: ofEvents(({ quality }) => quality.mean),
      std: ofEvents(({ quality }) => quality.std),
    },
    hitsPerPart: spreadOf(events.flatMap(({ parts }) => parts.map(({ rows }) => rows.length))),
  };
}

/** Whole events beside events in parts. */
export function domainSection(
  whole: Found,
  parts: DomainEvaluation,
): ReportSection & { source: string; text: string } {
  const row = (what: string, { mean, milliseconds }: Found) => {
    const { trackml, perfect, doubleMajority, lhc } = mean;
    const { network, clustering } = milliseconds;
    return [what, trackml, perfect, doubleMajority, lhc, network.mean, clustering.mean];
  };
  const { overlap, quality, hitsPerPart } = parts;
  return {
    heading: "Events in parts",
    source: table(
      ["events", "TrackML", "perfect", "double majority", "LHC", "network ms", "clustering ms"],
      [row("whole", whole), row("in parts", parts)],
    ),
    text: `parts reach ${overlap} rad into each other and have ${hitsPerPart.mean.toPrecision(3)} hits; the largest share of a particle's hits in one is ${quality.mean.toFixed(3)} ± ${quality.std.toFixed(3)}`,
  };
}
