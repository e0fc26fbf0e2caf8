import { expect, test } from "vitest";
import {
  Adam,
  type Checkpoint,
  customGradient,
  type EpochReport,
  FormatError,
  Mlp,
  mse,
  parameters,
  Rng,
  readState,
  type StepReport,
  type Tensor,
  type TrainingStore,
  tensor,
  train,
  writeState,
} from "../../src/index.ts";
import { useDevice } from "../helpers/backends.ts";
import { batchesPerEpoch, bitsOf, tinyTraining } from "./tinyTraining.ts";

useDevice("js");

/** Keeps every checkpoint, and starts from the one that is given. */
class Memory implements TrainingStore {
  readonly saved: { name: string; checkpoint: Checkpoint }[] = [];
  private readonly start: Checkpoint | null;

  constructor(start: Checkpoint | null = null) {
    this.start = start;
  }
  async load() {
    return this.start;
  }
  save(checkpoint: Checkpoint, name: string) {
    this.saved.push({ checkpoint, name });
  }
}

test("a training resumed from any of its checkpoints ends with the same bits", async () => {
  const whole = tinyTraining(3);
  const store = new Memory();
  let reported: EpochReport | null = null;
  const onEpoch = (report: EpochReport) => {
    reported = report;
  };
  const result = await train({ ...whole, store, checkpointEvery: 1, onEpoch });
  const lastReport = reported;
  expect(result).toMatchObject({ epochs: 3, steps: 15, stopped: "epochs" });
  const expected = await bitsOf(whole.model);
  expect(store.saved.length).toBeGreaterThan(15);
  for (const { checkpoint } of store.saved.slice(0, -1)) {
    const resumed = tinyTraining(3);
    const again = await train({ ...resumed, store: new Memory(checkpoint), onEpoch });
    expect(reported).toEqual(lastReport);
    expect(await bitsOf(resumed.model), writeState(checkpoint.state)).toEqual(expected);
    expect(again).toEqual(result);
  }
});

test("saving changes nothing", async () => {
  const [plain, saving] = [tinyTraining(2), tinyTraining(2)];
  await train(plain);
  await train({ ...saving, store: new Memory(), checkpointEvery: 3, reportEvery: 1 });
  expect(await bitsOf(saving.model)).toEqual(await bitsOf(plain.model));
});

test("another seed drops other values", async () => {
  const [one, other] = [tinyTraining(1), { ...tinyTraining(1), seed: 4 }];
  await train(one);
  await train(other);
  expect(await bitsOf(other.model)).not.toEqual(await bitsOf(one.model));
});

test("batches accumulated for a step do what one large batch does", async () => {
  const rows = (from: number, count: number) => {
    const x = Float64Array.from({ length: 2 * count }, (_, i) => Math.sin(7 * (2 * from + i)));
    const y = Float64Array.from({ length: count }, (_, r) => x[2 * r] - 0.5 * x[2 * r + 1]);
    return { x: tensor(x, [count, 2]), y: tensor(y, [count, 1]) };
  };
  const trained = async (size: number, accumulate: number, steps: number) => {
    const model = new Mlp({ sizes: [2, 5, 1], rng: new Rng(3) });
    const batches = () => Array.from({ length: 24 / size }, (_, b) => rows(size * b, size));
    const losses: number[] = [];
    const result = await train({
      ...{ model, optimizer: new Adam(model, { learningRate: 0.01 }), batches, accumulate, steps },
      loss: (m, { x, y }) => mse(m.forward(x), y),
      reportEvery: 1,
      onStep: ({ loss }) => losses.push(loss),
    });
    expect(result).toMatchObject({ epochs: Math.floor(steps / 3), steps });
    return [...losses, ...Object.values(await bitsOf(model)).flat()];
  };
  const [large, small] = [await trained(8, 1, 7), await trained(2, 4, 7)];
  const furthest = Math.max(...large.map((value, i) => Math.abs(value - small[i])));
  expect(furthest).toBeGreaterThan(0); // sums in another order
  // each of 7 steps of 0.01 rounds the gradients, of some 8 terms; Adam divides by their size
  expect(furthest).toBeLessThan(1e-5);
});

test("each step draws numbers of its own", async () => {
  const options = tinyTraining(1);
  const draws: Promise<number>[] = [];
  await train({
    ...options,
    loss: (m, batch, pass) => {
      draws.push(pass.rng.uniform([]).item());
      return options.loss(m, batch, pass);
    },
  });
  expect(new Set(await Promise.all(draws)).size).toBe(batchesPerEpoch);
});

test("reports name epochs, steps, losses and rates; the loss falls", async () => {
  const steps: StepReport[] = [];
  const epochs: EpochReport[] = [];
  const options = tinyTraining(4);
  const result = await train({
    ...options,
    onStep: (report) => steps.push(report),
    onEpoch: (report) => epochs.push(report),
  });
  expect(steps.map(({ step }) => step)).toEqual([2, 4, 6, 8, 10, 12, 14, 16, 18, 20]);
  expect(steps.map(({ epoch }) => epoch)).toEqual([0, 0, 1, 1, 1, 2, 2, 3, 3, 3]);
  expect(epochs.map(({ metric }) => metric)).toEqual(result.metrics);
  expect(epochs.slice(0, 2).map(({ learningRate }) => learningRate)).toEqual([0.01, 0.02]);
  expect(epochs.at(-1)!.trainLoss).toBeLessThan(epochs[0].trainLoss);
  expect(result.best).toBe(Math.min(...result.metrics));
});

test("a report of every step: the epoch's loss is the mean of its batches'", async () => {
  const losses: number[] = [];
  let mean = 0;
  await train({
    ...tinyTraining(1),
    reportEvery: 1,
    onStep: ({ loss }) => losses.push(loss),
    onEpoch: ({ trainLoss }) => {
      mean = trainLoss;
    },
  });
  expect(losses.length).toBe(batchesPerEpoch);
  // the sum is float32
  expect(mean).toBeCloseTo(losses.reduce((sum, loss) => sum + loss, 0) / batchesPerEpoch, 6);
});

test("early stopping counts epochs without a better metric, and keeps the best", async () => {
  const metrics = [3, 2, 2.5, 1, 1, 1, 0];
  const store = new Memory();
  const options = {
    ...tinyTraining(100),
    validate: () => metrics.shift()!,
    patience: 2,
    store,
  };
  const result = await train(options);
  expect(result).toMatchObject({ epochs: 6, best: 1, stopped: "patience" });
  expect(
    store.saved.filter(({ name }) => name === "best").map((s) => s.checkpoint.state.epoch),
  ).toEqual([1, 2, 4]);
  const last = new Memory(store.saved.at(-1)!.checkpoint);
  expect((await train({ ...options, store: last })).stopped).toBe("patience"); // stays stopped
});

test("a limit of steps and a signal end an epoch early, saved where they are", async () => {
  const store = new Memory();
  const { stopped, steps } = await train({ ...tinyTraining(9), steps: 7, store });
  expect([stopped, steps]).toEqual(["steps", 7]);
  expect(store.saved.at(-1)!.checkpoint.state).toMatchObject({ epoch: 1, batch: 2, step: 7 });

  const abort = new AbortController();
  const stopping = {
    ...tinyTraining(9),
    store: new Memory(),
    signal: abort.signal,
    onStep: ({ step }: StepReport) => step === 8 && abort.abort(),
  };
  const result = await train({ ...stopping, onStep: (r) => void stopping.onStep(r) });
  expect(result.stopped).toBe("signal");
  expect(result.steps).toBeGreaterThanOrEqual(8);
  expect(stopping.store.saved.at(-1)!.checkpoint.state.step).toBe(result.steps);
});

/** A training in which the batch of that step, counted from 1, is given to `spoil`. */
function spoiled(step: number, spoil: (x: Float32Array) => void) {
  const options = tinyTraining(5);
  const nameOf = ({ x }: { x: Tensor }) => `event ${names.get(x)}`;
  const names = new Map<Tensor, string>();
  function* batches(epoch: number) {
    let number = epoch * batchesPerEpoch;
    for (const batch of options.batches(epoch) as Iterable<{ x: Tensor; y: Tensor }>) {
      const values = Float32Array.from(batch.x.expr.storage!.host as Float64Array);
      if (++number === step) spoil(values);
      const x = tensor(values, [8, 3]);
      names.set(x, `${number}`);
      yield { ...batch, x };
    }
  }
  return { ...options, batches, nameOf };
}

test.each([1, 3, undefined])(
  "a loss that is not finite ends the training, and is not saved: checkpoints every %s steps",
  async (checkpointEvery) => {
    const store = new Memory();
    const options = spoiled(8, (x) => x.fill(Number.NaN, 4, 5));
    const often = checkpointEvery === undefined ? {} : { checkpointEvery };
    await expect(train({ ...options, store, ...often })).rejects.toThrow(
      "train: expected a finite loss, got NaN at step 8 of event 8: a value of the batch (input) f32 [8, 3] at [1, 1] is NaN (a lower",
    );
    const [last] = { 1: [7], 3: [6], all: [5] }[checkpointEvery ?? "all"] as number[];
    expect(store.saved.at(-1)!.checkpoint.state.step).toBe(last);
  },
);

type Loss = ReturnType<typeof tinyTraining>["loss"];

test("without a store, the op that fails is found too", async () => {
  const { nameOf: _, ...options } = spoiled(8, (x) => x.fill(1e19)); // whose square is infinite
  const loss: Loss = (m, batch, pass) =>
    options.loss(m, batch, pass).add(batch.x.square().sum().neg().log1p().sin().mul(0));
  await expect(train({ ...options, loss })).rejects.toThrow(
    /got NaN at step 1: log1p f32 \[\] at \[\] is NaN, of neg \[\] from -\d/,
  );
});

test("a gradient that is not finite is found before the loss that it spoils", async () => {
  const options = spoiled(6, (x) => x.fill(0));
  const steep = customGradient(
    (weight, x) => weight.sum().mul(x.sum()),
    (dy, [weight, x]) => [dy.div(x.square().sum()).expand(weight.shape), null],
  );
  const loss: Loss = (m, batch, pass) => {
    const [weight] = parameters(m).values();
    return options.loss(m, batch, pass).add(steep(weight, batch.x).mul(1e-9));
  };
  await expect(train({ ...options, loss })).rejects.toThrow(
    /at step 6 of event 6: in the gradient, div f32 \[\] at \[\] is Infinity, of mul/,
  );
});

test("a loss that is not the same when steps are repeated is said to be so far at the latest", async () => {
  const options = tinyTraining(5);
  let calls = 0;
  const training = train({
    ...options,
    checkpointEvery: 1,
    loss: (m, batch, pass) => options.loss(m, batch, pass).mul(++calls === 8 ? Number.NaN : 1),
  });
  await expect(training).rejects.toThrow(
    /train: expected a finite loss, got NaN at or before step 8 /,
  );
});

test("options that cannot work are refused", async () => {
  const { epochs: _, ...endless } = tinyTraining(1);
  await expect(train(endless)).rejects.toThrow("train: expected epochs or steps, got neither");
  const empty = train({ ...tinyTraining(1), batches: () => [] });
  await expect(empty).rejects.toThrow("train: expected batches in epoch 0, got none");
});

test("state as text keeps every bit; other text is refused", () => {
  const state = {
    epoch: 2,
    batch: 0,
    step: 9,
    seed: 1,
    metrics: [0.1 + 0.2, Number.NaN, Infinity],
    best: 1e-300,
    numBad: 0,
  };
  expect(readState(writeState(state), "here")).toEqual(state);
  expect(() => readState("{}", "file")).toThrow(FormatError);
  expect(() => readState('{"epoch":', "file")).toThrow(/^file: expected the state of a training/);
});

test("a model of another shape is not resumed", async () => {
  const store = new Memory();
  await train({ ...tinyTraining(1), store });
  const model = { weight: tensor([1]) };
  const other = {
    model,
    optimizer: new Adam(model),
    batches: () => [0],
    loss: (m: typeof model) => m.weight.sum(),
    epochs: 2,
    store: new Memory(store.saved.at(-1)!.checkpoint),
  };
  await expect(train(other)).rejects.toThrow("train: expected the key weight [1], got none");
});
