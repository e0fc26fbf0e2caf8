/** The report of a run directory: how its training went, and what it was configured to do. */
import { existsSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { FormatError } from "../engine/errors.ts";
import { readFileBytes } from "../node/files.ts";
import { type Curve, type PlotSpec, trainingPlot } from "../tracking/index.ts";
import type { Report } from "./report.ts";

type LogRecord = Readonly<Record<string, unknown>>;

export async function runReport(run: string): Promise<Report> {
  const records = await readLog(join(run, "metrics.jsonl"));
  const epochs = records.filter((record) => "epoch" in record);
  const last = epochs.at(-1) ?? records.at(-1) ?? {};
  const config = join(run, "config.yaml");
  const source = existsSync(config)
    ? new TextDecoder().decode(await readFileBytes(config))
    : undefined;
  return {
    title: `Run ${basename(resolve(run))}`,
    subtitle: `${records.length} records, ${epochs.length} epochs, ${Number(last.step ?? 0)} steps`,
    sections: [
      {
        heading: "Training",
        table: { head: ["at the end", ""], rows: numbers(last) },
        plots: trainingPlots(records, epochs),
      },
      ...(source === undefined ? [] : [{ heading: "Configuration", source }]),
    ],
  };
}

async function readLog(file: string): Promise<LogRecord[]> {
  const lines = new TextDecoder().decode(await readFileBytes(file)).split("\n");
  return lines.flatMap((line, at) => {
    if (line.trim() === "") return [];
    const record = parsed(line);
    if (typeof record === "object" && record !== null) return [record as LogRecord];
    throw new FormatError(
      `${file} line ${at + 1}: expected a JSON object, got ${line.slice(0, 40)}`,
    );
  });
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

const numbers = (record: LogRecord) =>
  Object.entries(record).filter((entry): entry is [string, number] => typeof entry[1] === "number");

/** Losses by step and by epoch, and every other number that epochs carry in a plot of its own. */
function trainingPlots(records: readonly LogRecord[], epochs: readonly LogRecord[]): PlotSpec[] {
  const steps = records.filter((record) => !("epoch" in record));
  const names = new Set(epochs.flatMap((record) => numbers(record).map(([name]) => name)));
  const isLoss = (name: string) => /loss/.test(name);
  const others = [...names].filter((name) => !isLoss(name) && name !== "epoch" && name !== "step");
  const plots = [
    plotOf(steps, ["loss"], { x: "step", y: "loss", title: "Loss of each step" }),
    plotOf(epochs, [...names].filter(isLoss), { x: "epoch", y: "loss", title: "Losses of epochs" }),
    ...others.map((name) => plotOf(epochs, [name], { x: "epoch", y: name, title: name })),
  ];
  return plots.filter((plot) => plot !== undefined);
}

function plotOf(
  records: readonly LogRecord[],
  names: readonly string[],
  { x, y, title }: { x: string; y: string; title: string },
): PlotSpec | undefined {
  const curves = names.map((name): Curve => {
    const of = records.filter((record) => typeof record[name] === "number");
    return {
      name,
      x: of.map((record) => Number(record[x])),
      y: of.map((record) => Number(record[name])),
    };
  });
  if (curves.every((curve) => curve.y.length === 0)) return undefined;
  const isPositive = curves.every((curve) => Array.from(curve.y).every((value) => value > 0));
  return trainingPlot(curves, { x: { name: x }, y: { name: y, isLog: isPositive }, title });
}
