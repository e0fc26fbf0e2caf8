/** How far the track parameters that a Transformer Regressor says are from the true ones. */
import {
  type ResidualStatistics,
  residualStatistics,
} from "../src/tracking/metrics/residualStatistics.ts";
import type { RegressedEvent } from "./regressorEvaluation.ts";

export interface ParameterErrors {
  /** Mean over events of each one's mean squared error, and its spread (population) over events. */
  readonly mse: { readonly mean: number; readonly std: number };
  /** Predicted minus true over all hits with a track, by parameter; with the mean of the squares. */
  readonly parameters: Record<string, ResidualStatistics & { readonly mse: number }>;
}

/** How far the regressed parameters are from the true ones; `names` are theirs, in order. */
export function parameterErrors(
  events: readonly RegressedEvent[],
  names: readonly string[],
): ParameterErrors {
  const errors = events.map(({ sample: { targets }, parameters }) =>
    Float64Array.from(targets.features, (target, i) => parameters.data[i] - target),
  );
  const known = (values: Float64Array) => values.filter((error) => !Number.isNaN(error));
  const meanSquare = (values: Float64Array) =>
    values.reduce((sum, error) => sum + error ** 2, 0) / values.length;
  const ofEvents = errors.map((values) => meanSquare(known(values)));
  const { mean, std } = residualStatistics(ofEvents.filter((value) => !Number.isNaN(value)));
  const columns = names.map((name, p) => {
    const all = errors.flatMap((values) =>
      Array.from(values.filter((_, i) => i % names.length === p)),
    );
    const values = known(Float64Array.from(all));
    return [name, { ...residualStatistics(values), mse: meanSquare(values) }] as const;
  });
  return { mse: { mean, std }, parameters: Object.fromEntries(columns) };
}
