import { Presets, SingleBar } from "cli-progress";
import type { StepReport } from "../index.ts";
import type { RunDirectory } from "../node/runDirectory.ts";
import { type CommonOptions, say } from "./command.ts";
import type { Task } from "./family.ts";

const secondsBetweenLines = 10;

/** How long to train: seconds by the clock, or, the same on every machine, steps. */
export interface Budget {
  readonly unit: "seconds" | "steps";
  readonly total: number;
}

/**
 * Trains as long as the budget lasts. The learning rate rises to `peak` in the first twentieth of it and
 * falls to zero along a cosine. By the clock no two runs are alike; by steps, runs of one seed are.
 */
export async function trainFor(
  { unit, total }: Budget,
  task: Task,
  store: RunDirectory,
  { peak, ...options }: CommonOptions & { peak: number },
): Promise<void> {
  const start = performance.now();
  const spent = (step: number) =>
    Math.min(total, unit === "steps" ? step : (performance.now() - start) / 1000);
  const rate = (step: number) => {
    const share = spent(step) / total;
    return peak * Math.min(1, 20 * share) * (0.5 + 0.5 * Math.cos(Math.PI * share));
  };
  const shown = shownProgress(options, { unit, total });
  await task.train({
    store,
    ...(unit === "steps" ? { steps: total } : { signal: AbortSignal.timeout(1000 * total) }),
    schedule: rate,
    scheduleBy: "step",
    reportEvery: 1,
    onStep: ({ step, loss }) => {
      store.log({ step, loss });
      shown.step(spent(step), { step, loss });
    },
    onEpoch: ({ step, epoch, trainLoss, metric }) =>
      store.log({ step, epoch, train_loss: trainLoss, val_loss: metric }),
  });
  shown.stop();
}

type Report = Pick<StepReport, "step" | "loss">;

/** A bar of what is spent, else a line every few seconds. */
function shownProgress(options: CommonOptions, { unit, total }: Budget) {
  const text = ({ step, loss }: Report) => `step ${step}, loss ${loss.toPrecision(3)}`;
  if (options.quiet) return { step() {}, stop() {} };
  if (process.stderr.isTTY && !process.env.CI) {
    const format = `[{bar}] {value}/{total} ${unit}, {text}`;
    const bar = new SingleBar({ format }, Presets.shades_classic);
    bar.start(total, 0, { text: "" });
    return {
      step: (spent: number, report: Report) =>
        bar.update(Math.floor(spent), { text: text(report) }),
      stop: () => bar.stop(),
    };
  }
  let next = 0;
  return {
    step(spent: number, report: Report) {
      if (performance.now() < next) return;
      next = performance.now() + 1000 * secondsBetweenLines;
      say(options, `${Math.floor(spent)} of ${total} ${unit}: ${text(report)}`);
    },
    stop() {},
  };
}
