/** A thousand steps take the memory, the plans and the pipelines of the first few. */
import { describe, expect, test } from "vitest";
import {
  Adam,
  BatchNorm,
  Mlp,
  mse,
  Rng,
  realize,
  type StepReport,
  type Tensor,
  tensor,
  train,
} from "../../src/index.ts";
import { useDevice } from "../helpers/backends.ts";
import { collectGarbage } from "../helpers/gc.ts";

const numSteps = 1000;
const warmUp = 100;

describe.each(["js", "wasm", "webgpu"] as const)("on %s", (backend) => {
  const device = useDevice(backend);

  test("a training of a thousand steps stays as it is after the first hundred", async () => {
    const model = new Mlp({
      sizes: [64, 96, 1],
      norms: [(n) => new BatchNorm(n)],
      dropout: 0.1,
      rng: new Rng(1),
    });
    // parameters, both memories and statistics: kept once too often, each step would add 75 kB
    const bytesOfState = 4 * 3 * (64 * 96 + 96 + 96 + 1);
    const x = tensor(await new Rng(2).normal([8, 64]).data(), [8, 64]);
    const batch = { x, y: x.slice([null, [0, 1]]) };
    const seen: { plans: number; pipelines: number; bytesLive: number; resident: number }[] = [];
    const onStep = ({ step }: StepReport) => {
      if (step !== warmUp && step !== numSteps) return;
      const { plans, pipelines, bytesLive } = device().stats();
      seen.push({ plans, pipelines, bytesLive, resident: process.memoryUsage().rss });
    };
    await collectGarbage();
    await train({
      model,
      optimizer: new Adam(model, { weightDecay: 0.01 }),
      batches: () => new Array(numSteps).fill(batch),
      loss: (m, b, pass) => mse(m.forward(b.x, pass), b.y),
      clipNorm: 1,
      steps: numSteps,
      reportEvery: 20,
      onStep,
    });
    const [early, late] = seen;
    expect([late!.plans, late!.pipelines]).toEqual([early!.plans, early!.pipelines]);
    expect(late!.bytesLive - early!.bytesLive).toBeLessThan(bytesOfState);
    // all that the garbage collector has not come to: a tenth of what the state of all steps takes
    const margin = 96 * 2 ** 20;
    expect(late!.resident - early!.resident).toBeLessThan(margin);
  });

  test("a loop that goes on from its last result does not remember the others", async () => {
    let x: Tensor = tensor([1, 2, 3]);
    for (let step = 0; step < 100; step++) {
      x = x.mul(0.5).add(1);
      await realize([x]);
    }
    expect(x.expr.inputs).toEqual([]);
    expect((await x.data())[0]).toBe(2);
  });
});
