/** `trackgrad eval` for the Transformer Regressor: scores, errors of parameters, times. */
import type { z } from "zod";
import {
  clusterEvents,
  meanScores,
  parameterErrors,
  type RegressorSample,
  regressEvents,
  type ScannedClustering,
  scanClustering,
  type TransformerRegressor,
  timesOf,
} from "../../../models/index.ts";
import type { Evaluation } from "../family.ts";
import { scoreTable } from "../scores.ts";
import { table } from "../table.ts";
import { evaluateRefined, refinedSection } from "./refinerEvaluation.ts";
import type { regressorEvaluationSchema } from "./regressorConfig.ts";
import { domainSection, evaluateDomains } from "./regressorDomains.ts";
import { parameterSection } from "./regressorSections.ts";

interface EvaluationOptions {
  events: readonly RegressorSample[];
  /** Clustering settings are chosen on these. */
  validation: readonly RegressorSample[];
  /** Of the regressed parameters. */
  names: readonly string[];
  settings: z.infer<typeof regressorEvaluationSchema>;
}

const listed = (value: number | number[]): number[] => (Array.isArray(value) ? value : [value]);

export async function evaluateRegressor(
  model: TransformerRegressor,
  { events, validation, names, settings }: EvaluationOptions,
): Promise<Evaluation> {
  const sizes = listed(settings.min_cluster_size);
  const samples = listed(settings.min_samples);
  const isChosen = sizes.length * samples.length === 1;
  const scan = isChosen
    ? []
    : scanClustering(await regressEvents(model, validation), { sizes, samples });
  const [{ minClusterSize, minSamples }] = isChosen
    ? [{ minClusterSize: sizes[0], minSamples: samples[0] }]
    : scan;
  const regressed = await regressEvents(model, events);
  const { compat } = settings;
  const clustered = clusterEvents(regressed, { minClusterSize, minSamples }, { compat });
  const errors = parameterErrors(regressed, names);
  const milliseconds = {
    network: timesOf(regressed.map((event) => event.milliseconds)),
    clustering: timesOf(clustered.map((event) => event.milliseconds)),
  };
  const reports = clustered.map(({ labels: _, milliseconds: __, ...report }) => report);
  const clustering = { minClusterSize, minSamples };
  const mean = meanScores(clustered);
  const domains =
    settings.domains &&
    (await evaluateDomains(model, events, { ...settings.domains, clustering, compat }));
  const compared = domains && domainSection({ mean, milliseconds }, domains);
  const refined =
    settings.refiner === undefined
      ? undefined
      : await evaluateRefined(settings.refiner, clustered, events, { compat });
  const refinedTable = refined && refinedSection(mean, refined);
  return {
    document: {
      events: reports,
      mean,
      clustering,
      scan,
      errors,
      milliseconds,
      ...(domains && { domains }),
      ...(refined && { refined }),
    },
    sections: [
      { heading: "Scores", source: scoreTable(reports), text: scanText(scan, clustering) },
      ...(compared ? [compared] : []),
      ...(refinedTable ? [refinedTable] : []),
      parameterSection(regressed, names),
    ],
    text: [
      scoreTable(reports),
      scanText(scan, clustering),
      errorTable(errors),
      `per event: network ${spread(milliseconds.network)} ms, clustering ${spread(milliseconds.clustering)} ms`,
      ...(compared ? [`${compared.source}\n${compared.text}`] : []),
      ...(refinedTable ? [`${refinedTable.source}\n${refinedTable.text}`] : []),
    ].join("\n\n"),
  };
}

/** Of a refiner, which finds no tracks by itself. */
export async function evaluateParameters(
  model: TransformerRegressor,
  samples: readonly RegressorSample[],
  names: readonly string[],
): Promise<Evaluation> {
  const regressed = await regressEvents(model, samples);
  const errors = parameterErrors(regressed, names);
  return {
    document: { tracks: samples.length, errors },
    sections: [parameterSection(regressed, names)],
    text: errorTable(errors),
  };
}

function scanText(
  scan: readonly ScannedClustering[],
  { minClusterSize, minSamples }: { minClusterSize: number; minSamples: number },
): string {
  const chosen = `HDBSCAN: min_cluster_size ${minClusterSize}, min_samples ${minSamples}`;
  if (scan.length === 0) return chosen;
  const [best] = scan;
  return `${chosen}, the best of ${scan.length} on the validation set (TrackML score ${best.trackml.toFixed(3)} there)`;
}

function errorTable({ mse, parameters }: ReturnType<typeof parameterErrors>): string {
  const rows = Object.entries(parameters).map(([name, { mse: square, mean, std, half68 }]) =>
    [name, square, mean, std, half68].map((cell) =>
      typeof cell === "string" ? cell : cell.toPrecision(3),
    ),
  );
  const head = ["parameter", "MSE", "mean error", "spread", "half of 68 %"];
  return `${table(head, rows)}\nMSE of events ${spread(mse)}`;
}

const spread = ({ mean, std }: { mean: number; std: number }): string =>
  `${mean.toPrecision(3)} ± ${std.toPrecision(2)}`;
