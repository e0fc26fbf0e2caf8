/** `trackgrad eval` for the encoder classifier: accuracy, scores of classes as tracks, and what classes allow. */
import {
  classifyEvents,
  meanScores,
  type RegressorSample,
  type TransformerRegressor,
  timesOf,
  trueClassEvents,
} from "../../../models/index.ts";
import type { Evaluation } from "../family.ts";
import { scoresBeside } from "../scores.ts";

export async function evaluateClassifier(
  model: TransformerRegressor,
  samples: readonly RegressorSample[],
  { compat }: { compat: boolean },
): Promise<Evaluation> {
  const events = await classifyEvents(model, samples, { compat });
  const sum = (of: (event: (typeof events)[number]) => number) =>
    events.reduce((total, event) => total + of(event), 0);
  const accuracy = sum(({ right }) => right) / sum(({ known }) => known);
  const mean = meanScores(events);
  const best = meanScores(trueClassEvents(samples, { compat }));
  const milliseconds = { network: timesOf(events.map((event) => event.milliseconds)) };
  const reports = events.map(({ labels: _, milliseconds: __, ...report }) => report);
  const source = scoresBeside("tracks", { classes: mean, "true classes": best });
  const text = `accuracy ${accuracy.toFixed(3)} of hits with a track; network ${milliseconds.network.mean.toPrecision(3)} ms per event`;
  return {
    document: { events: reports, mean, best, accuracy, milliseconds },
    sections: [{ heading: "Scores", source, text }],
    text: `${source}\n\n${text}`,
  };
}
