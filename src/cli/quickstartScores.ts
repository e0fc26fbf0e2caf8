/** Scores of a trained model beside two baselines; each clusters with what is best for it on validation events. */
import {
  clusterEvents,
  meanScores,
  parameterErrors,
  type RegressedEvent,
  type RegressorSample,
  regressEvents,
  regressorData,
  scanClustering,
  type TransformerRegressor,
} from "../../models/index.ts";
import type { Event, TrackFormersMetrics, Tracks } from "../tracking/index.ts";
import type { RegressorSets } from "./families/regressorSets.ts";
import { scoresBeside } from "./scores.ts";

export interface Compared extends TrackFormersMetrics {
  readonly what: string;
  /** Of the regressed parameters; null for coordinates. */
  readonly mse: number | null;
}

/** Rows for coordinates and for each model; tracks of the first test event and what the last model says. */
export async function compare(
  { valset, testset }: RegressorSets,
  models: Record<string, TransformerRegressor>,
  eventOf: (name: string) => Event,
): Promise<{ rows: Compared[]; tracks: Tracks; regressed: readonly RegressedEvent[] }> {
  const raw = (samples: readonly RegressorSample[]) =>
    samples.map((sample) => ({
      sample,
      parameters: coordinates(eventOf(sample.name)),
      milliseconds: 0,
    }));
  const found = scored(raw(valset), raw(testset));
  const rows: Compared[] = [{ what: "coordinates x, y, z", ...meanScores(found), mse: null }];
  let tracks: Tracks = found[0].labels;
  let last: readonly RegressedEvent[] = [];
  for (const [what, model] of Object.entries(models)) {
    const regressed = await regressEvents(model, testset);
    const events = scored(await regressEvents(model, valset), regressed);
    const { mse } = parameterErrors(regressed, regressorData.trackml.outputs);
    rows.push({ what, ...meanScores(events), mse: mse.mean });
    tracks = events[0].labels;
    last = regressed;
  }
  return { rows, tracks, regressed: last };
}

/** Clustered with the settings that score best on the validation events. */
function scored(validation: readonly RegressedEvent[], test: readonly RegressedEvent[]) {
  const [best] = scanClustering(validation);
  return clusterEvents(test, best);
}

/** In mm. */
function coordinates({ hits: { x, y, z }, numHits }: Event) {
  const data = Float64Array.from(
    { length: 3 * numHits },
    (_, i) => [x, y, z][i % 3][Math.floor(i / 3)],
  );
  return { data, numPoints: numHits, dim: 3 };
}

export const comparedTable = (rows: readonly Compared[]): string =>
  scoresBeside("HDBSCAN of", Object.fromEntries(rows.map((row) => [row.what, row])));
