/**
 * The training loop: epochs of batches, one optimizer step per batch, validation after each epoch.
 *
 * It knows no files, clocks or models. A training that is stopped and resumed from its store takes
 * the same steps, bit for bit, on the same device: what a step depends on is in the checkpoint, its
 * randomness is a function of seed and step, and each step is computed in a submission of its own.
 */
import { scalar } from "../engine/create.ts";
import { Rng } from "../engine/random.ts";
import { commit, realize, type Tensor } from "../engine/tensor.ts";
import { groupsOf, lossAndGrads } from "./batchGradients.ts";
import { type Checkpoint, checkpointOf, restore, type Trained } from "./checkpoint.ts";
import { modelState } from "./module.ts";
import { clipByNorm } from "./optim/clip.ts";
import type { TrainingResult, TrainOptions } from "./training.ts";
import {
  culprit,
  expectFinite,
  expectFiniteLoss,
  isGood,
  LossNotFinite,
} from "./whereNotFinite.ts";

/**
 * Trains `model` in place; see the file's head. A loss or parameter that is not finite ends it with a
 * `RangeError` that names the step, the batch and the op it comes from: the steps since the last good
 * state are repeated, and the one that fails is computed op by op.
 */
export async function train<Model extends object, Batch>(
  options: TrainOptions<Model, Batch>,
): Promise<TrainingResult> {
  return new Training(options).run();
}

const maxBusy = 50; // ms that pass at most before signals, timers and clicks get their turn
const stepStreams = 2 ** 31; // children of the generator from this one on are those of steps

class Training<Model extends object, Batch> {
  private readonly options: TrainOptions<Model, Batch>;
  private now: Trained;
  private lastLoss: Tensor | null = null;
  /** The loss that is being read back. */
  private reading: Promise<void> = Promise.resolve();
  private yieldedAt = performance.now();
  /** The last one that was finite. */
  private good: Checkpoint | null = null;

  constructor(options: TrainOptions<Model, Batch>) {
    const { model, optimizer, seed = 0, epochs, steps } = options;
    if (epochs === undefined && steps === undefined)
      throw new RangeError("train: expected epochs or steps, got neither");
    const start = { epoch: 0, batch: 0, step: 0, seed, metrics: [], best: null, numBad: 0 };
    this.options = options;
    this.now = { model, optimizer, state: start, lossSum: scalar(0) };
  }

  async run(): Promise<TrainingResult> {
    try {
      return await this.runAll();
    } catch (error) {
      throw error instanceof LossNotFinite ? await this.explained(error) : error;
    }
  }

  private async runAll(): Promise<TrainingResult> {
    const { model, optimizer, store } = this.options;
    const saved = await store?.load();
    if (saved) {
      this.now = restore({ model, optimizer }, saved, "train");
      this.setRate(saved.state.step - 1); // of the last step, in case its epoch has only to be ended
    }
    await realize([...modelState(model).values()]); // the first step is planned like any other
    this.good = saved ?? (await checkpointOf(this.now));
    let stopped = this.reasonToStop();
    while (!stopped) {
      stopped = await this.runEpoch();
      if (stopped) await this.save("last");
      else {
        await this.endEpoch();
        stopped = this.reasonToStop();
      }
    }
    await this.reading;
    const { epoch, step, metrics, best } = this.now.state;
    return { epochs: epoch, steps: step, metrics, best, stopped };
  }

  private reasonToStop(): TrainingResult["stopped"] | null {
    const { epochs = Infinity, steps = Infinity, patience = Infinity, signal } = this.options;
    const { epoch, step, numBad } = this.now.state;
    if (numBad >= patience) return "patience";
    if (epoch >= epochs) return "epochs";
    if (step >= steps) return "steps";
    return signal?.aborted ? "signal" : null;
  }

  /** The rest of an epoch; returns early with the reason if the training is to stop. */
  private async runEpoch(): Promise<TrainingResult["stopped"] | null> {
    const { batches, accumulate = 1, checkpointEvery = Infinity } = this.options;
    const { state } = this.now;
    let skipped = 0;
    for await (const group of groupsOf(batches(state.epoch), accumulate)) {
      if (skipped++ < state.batch) continue; // done before the training was resumed
      const reason = this.reasonToStop();
      if (reason) return reason;
      await this.takeStep(group);
      await this.yieldNow();
      if (state.step % checkpointEvery === 0) await this.save("last");
    }
    if (state.batch === 0)
      throw new RangeError(`train: expected batches in epoch ${state.epoch}, got none`);
    return null;
  }

  private async takeStep(group: readonly Batch[]): Promise<void> {
    const { reportEvery = 10, onStep } = this.options;
    const { state } = this.now;
    const { value, learningRate } = this.recordStep(group);
    if (state.step % reportEvery !== 0) return realize([value]);
    await this.reading; // so that at most two reports are under way
    const { epoch, step } = state;
    this.reading = value.item().then((found) => {
      onStep?.({ epoch, step, loss: expectFiniteLoss(found, step), learningRate });
    });
    this.reading.catch(() => {}); // it is thrown where it is waited for
  }

  private recordStep(group: readonly Batch[]): { value: Tensor; learningRate: number } {
    const { optimizer, clipNorm } = this.options;
    const { state } = this.now;
    const { value, grads } = lossAndGrads(this.options.model, group, this.lossOfStep());
    const learningRate = this.setRate(state.step);
    optimizer.update(clipNorm === undefined ? grads : clipByNorm(grads, clipNorm).grads);
    const lossSum = this.now.lossSum.add(value);
    const { lossSum: before } = this.now;
    commit([lossSum], { frees: this.lastLoss ? [before, this.lastLoss] : [before] });
    this.now.lossSum = lossSum;
    this.lastLoss = value;
    state.batch++;
    state.step++;
    return { value, learningRate };
  }

  private lossOfStep(): (model: Model, batch: Batch) => Tensor {
    const { seed, step } = this.now.state;
    const pass = { rng: new Rng(seed).split(stepStreams + step) };
    return (model, batch) => this.options.loss(model, batch, pass);
  }

  /** A backend without waiting would keep the event loop busy for the whole training. */
  private async yieldNow(): Promise<void> {
    if (performance.now() - this.yieldedAt < maxBusy) return;
    await new Promise((resume) => setTimeout(resume, 0));
    this.yieldedAt = performance.now();
  }

  private setRate(step: number): number {
    const { optimizer, schedule, scheduleBy = "epoch" } = this.options;
    const { epoch, metrics } = this.now.state;
    const time = scheduleBy === "epoch" ? epoch : Math.max(0, step);
    if (schedule) optimizer.learningRate = schedule(time, metrics);
    return optimizer.learningRate;
  }

  private async endEpoch(): Promise<void> {
    const { model, optimizer, validate, mode = "min", onEpoch } = this.options;
    const { state } = this.now;
    await this.reading;
    const trainLoss = expectFiniteLoss(await this.now.lossSum.item(), state.step) / state.batch;
    const metric = validate ? await validate(model) : trainLoss;
    const isBest =
      state.best === null || (mode === "min" ? metric < state.best : metric > state.best);
    state.metrics.push(metric);
    state.numBad = isBest ? 0 : state.numBad + 1;
    if (isBest) state.best = metric;
    const { learningRate } = optimizer;
    const { epoch, step } = state;
    onEpoch?.({ epoch, step, trainLoss, metric, learningRate, isBest }); // a log must be ahead of `last`
    state.epoch++;
    state.batch = 0;
    this.now.lossSum = scalar(0);
    if (isBest) await this.save("best"); // first, so that `last` never knows of a best that is not there
    await this.save("last");
  }

  private async save(name: "last" | "best"): Promise<void> {
    const { store } = this.options;
    await this.reading;
    if (!store && name === "best") return;
    const checkpoint = await checkpointOf(this.now);
    expectFinite(checkpoint); // keep the last good one
    this.good = checkpoint;
    await store?.save(checkpoint, name);
  }

  /** The error with the step, the batch and the op that it comes from. */
  private async explained(error: LossNotFinite): Promise<Error> {
    const { model, nameOf } = this.options;
    await this.reading.catch(() => {});
    const failing = await this.firstBadStep(error.step);
    if (failing === null) return error; // the loss is no function of batch and step
    for await (const group of this.again()) {
      if (this.now.state.step + 1 < failing) continue;
      const loss = this.lossOfStep();
      for (const batch of group) {
        const found = await culprit(model, (m) => loss(m, batch));
        if (found) return error.at(failing, nameOf?.(batch), found);
      }
      break;
    }
    return error.at(failing);
  }

  /** The one after which the loss or a parameter is not finite, at most `last`. */
  private async firstBadStep(last: number): Promise<number | null> {
    const { step: start } = (this.good as Checkpoint).state;
    for await (const _ of this.again()) {
      const { step } = this.now.state;
      if (step > start && !isGood(await checkpointOf(this.now))) return step;
      if (step >= last) return null;
    }
    return isGood(await checkpointOf(this.now)) ? null : this.now.state.step;
  }

  /** The batches since the last good state, with the step of each taken after it was looked at. */
  private async *again(): AsyncGenerator<readonly Batch[]> {
    const { model, optimizer, batches, accumulate = 1 } = this.options;
    this.now = restore({ model, optimizer }, this.good as Checkpoint, "train");
    this.lastLoss = null;
    const { state } = this.now;
    let skipped = 0;
    for await (const group of groupsOf(batches(state.epoch), accumulate)) {
      if (skipped++ < state.batch) continue;
      yield group;
      await realize([this.recordStep(group).value]);
    }
  }
}
