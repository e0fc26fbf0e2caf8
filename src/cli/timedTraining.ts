import { Presets, SingleBar } from "cli-progress";
import type { StepReport } from "../index.ts";
import type { RunDirectory } from "../node/runDirectory.ts";
import { type CommonOptions, say } from "./command.ts";
import type { Task } from "./family.ts";

const secondsBetweenLines = 10;

/**
 * Trains for so many seconds, whatever the machine does in them. The learning rate rises to `peak` in the
 * first twentieth and falls to zero along a cosine, both by the clock: so no two runs are alike.
 */
export async function timedTraining(
  task: Task,
  store: RunDirectory,
  { seconds, peak, ...options }: CommonOptions & { seconds: number; peak: number },
): Promise<void> {
  const start = performance.now();
  const elapsed = () => (performance.now() - start) / 1000;
  const rate = () => {
    const share = Math.min(1, elapsed() / seconds);
    return peak * Math.min(1, 20 * share) * (0.5 + 0.5 * Math.cos(Math.PI * share));
  };
  const shown = shownProgress(options, seconds);
  await task.train({
    store,
    signal: AbortSignal.timeout(1000 * seconds),
    schedule: rate,
    scheduleBy: "step",
    reportEvery: 1,
    onStep: ({ step, loss }) => {
      store.log({ step, loss });
      shown.step(Math.min(seconds, elapsed()), { step, loss });
    },
    onEpoch: ({ step, epoch, trainLoss, metric }) =>
      store.log({ step, epoch, train_loss: trainLoss, val_loss: metric }),
  });
  shown.stop();
}

/** A bar of seconds, else a line every few of them. */
function shownProgress(options: CommonOptions, seconds: number) {
  const text = ({ step, loss }: Pick<StepReport, "step" | "loss">) =>
    `step ${step}, loss ${loss.toPrecision(3)}`;
  if (options.quiet) return { step() {}, stop() {} };
  if (process.stderr.isTTY && !process.env.CI) {
    const bar = new SingleBar(
      { format: "[{bar}] {value}/{total} s, {text}" },
      Presets.shades_classic,
    );
    bar.start(seconds, 0, { text: "" });
    return {
      step: (now: number, report: Pick<StepReport, "step" | "loss">) =>
        bar.update(Math.floor(now), { text: text(report) }),
      stop: () => bar.stop(),
    };
  }
  let next = 0;
  return {
    step(now: number, report: Pick<StepReport, "step" | "loss">) {
      if (now < next) return;
      next = now + secondsBetweenLines;
      say(options, `${Math.floor(now)} s of ${seconds}: ${text(report)}`);
    },
    stop() {},
  };
}
