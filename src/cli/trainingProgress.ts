import { Presets, SingleBar } from "cli-progress";
import type { EpochReport, StepReport } from "../index.ts";
import { type CommonOptions, say } from "./command.ts";
import type { Task } from "./family.ts";

const secondsBetweenLines = 5;

export interface TrainingProgress {
  step(report: StepReport): void;
  epoch(report: EpochReport): void;
  stop(): void;
}

/** How far a training is, and its losses: a bar on a terminal, else a line every few seconds and per epoch. */
export function trainingProgress(
  options: CommonOptions,
  { epochs, stepsPerEpoch }: Pick<Task, "epochs" | "stepsPerEpoch">,
): TrainingProgress {
  const total = epochs * stepsPerEpoch;
  const ofEpoch = ({ epoch, trainLoss, metric, isBest }: EpochReport) =>
    `epoch ${epoch + 1}/${epochs}: loss ${shown(trainLoss)}, validation ${shown(metric)}${isBest ? ", the best so far" : ""}`;
  if (options.quiet) return { step() {}, epoch() {}, stop() {} };
  if (process.stderr.isTTY && !process.env.CI) {
    const format =
      "[{bar}] step {value}/{total} loss {loss} validation {metric} {eta_formatted} left";
    const bar = new SingleBar({ format }, Presets.shades_classic);
    const texts = { loss: "–", metric: "–" };
    bar.start(total, 0, texts);
    return {
      step: ({ step, loss }) => bar.update(step, Object.assign(texts, { loss: shown(loss) })),
      epoch: ({ step, metric }) =>
        bar.update(step, Object.assign(texts, { metric: shown(metric) })),
      stop: () => bar.stop(),
    };
  }
  let next = Date.now() + 1000 * secondsBetweenLines;
  const line = (text: string, isDue: boolean) => {
    if (!isDue) return;
    next = Date.now() + 1000 * secondsBetweenLines;
    say(options, text);
  };
  return {
    step: ({ step, loss }) => line(`step ${step}/${total}: loss ${shown(loss)}`, Date.now() > next),
    epoch: (report) => line(ofEpoch(report), report.isBest || Date.now() > next),
    stop() {},
  };
}

const shown = (loss: number): string => loss.toPrecision(4);
