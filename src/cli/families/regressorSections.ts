/** Sections of a report about a Transformer Regressor. */
import { type RegressedEvent, regressorData } from "../../../models/index.ts";
import { type PlotSpec, regressionPlot, residualPlot } from "../../tracking/index.ts";
import type { ReportSection } from "../report.ts";

const units: Record<string, string> = { theta: "rad" };

/** A map of true against regressed values for each parameter, and how far they are apart. */
export function parameterSection(
  events: readonly RegressedEvent[],
  names: readonly string[] = regressorData.trackml.outputs,
): ReportSection {
  const plots = names.flatMap((name, p): PlotSpec[] => {
    const isHere = (_: number, i: number) => i % names.length === p;
    const truth = events.flatMap(({ sample }) =>
      Array.from(sample.targets.features.filter(isHere)),
    );
    const found = events.flatMap(({ parameters }) => Array.from(parameters.data).filter(isHere));
    const isKnown = (_: number, hit: number) => !Number.isNaN(truth[hit]);
    const [known, regressed] = [truth.filter(isKnown), found.filter(isKnown)];
    const parameter = { name, ...(units[name] && { unit: units[name] }) };
    const errors = regressed.map((value, hit) => value - known[hit]);
    const range = [Math.min(...extent(known)) - 0.1, Math.max(...extent(known)) + 0.1] as const;
    return [
      regressionPlot(known, regressed, parameter, { title: name, range }),
      residualPlot(errors, parameter),
    ];
  });
  return { heading: "Regressed track parameters", plots };
}

const extent = (values: readonly number[]): [low: number, high: number] =>
  values.reduce<[number, number]>(
    ([low, high], value) => [Math.min(low, value), Math.max(high, value)],
    [Infinity, -Infinity],
  );
