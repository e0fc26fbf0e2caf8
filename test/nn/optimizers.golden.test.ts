/** Optimizer steps of published programs from the gradients they had: no model needed. */
import { existsSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { describe, expect, test } from "vitest";
import { readSafetensors } from "../../src/engine/formats/safetensors.ts";
import { Adam, clipByNorm, type Tensor, tensor } from "../../src/index.ts";
import { openDevice } from "../../src/node/open.ts";
import { fixtureFolder, fixturePaths } from "../helpers/fixtures.ts";
import { onBackends } from "./compare.ts";

interface StepCase {
  optimizer: {
    lr: number;
    eps: number;
    betas: [number, number];
    weight_decay_w: number;
    weight_decay_b: number;
    max_grad_norm: number;
  };
  grad_norm_before_clip: number;
}

const cases = fixturePaths("hypertrack", /\.json$/)
  .map((path) => ({ path, content: JSON.parse(readFileSync(path, "utf8")) }))
  .filter(({ content }) => "optimizer" in content && "grad_norm_before_clip" in content)
  .map(({ path, content }) => ({
    name: basename(path, ".json"),
    path: path.replace(/\.json$/, ""),
    step: content as StepCase,
  }))
  .filter(({ path }) => existsSync(`${path}_after_step.safetensors`));

const isStatistic = (name: string) => /running_(mean|var)$|num_batches_tracked$/.test(name);

/** HyperTrack decays all but biases and the weights of layer norms. */
const decays = (name: string) => !name.endsWith("bias") && !/\.(ln\d?|LayerNorm)\./.test(name);

function stored(path: string, prefix: string): Map<string, Tensor> {
  const { tensors } = readSafetensors(readFileSync(path), path);
  return new Map(
    [...tensors]
      .filter(([key]) => key.startsWith(prefix) && !isStatistic(key))
      .map(([key, { data, shape }]) => [
        key.slice(prefix.length),
        tensor(data as Float32Array, shape),
      ]),
  );
}

test("optimizer steps are there, or reported as absent", () => {
  if (cases.length === 0) console.log(`no optimizer steps in ${fixtureFolder()}: absent`);
  expect(cases.every(({ step }) => step.optimizer.lr > 0)).toBe(true);
});

// A step is of the size of the rate; some roundings of the parameter and of the step, in float32.
const tolerance = ({ rate, size }: { rate: number; size: number }) => 2 ** -23 * (size + 8 * rate);

test.for(onBackends(cases))(
  "$name on $backend: clipped AdamW step",
  async ({ path, step, backend }) => {
    const device = await openDevice({ backend });
    try {
      const { lr, eps, betas, weight_decay_w, weight_decay_b, max_grad_norm } = step.optimizer;
      const model: Record<string, Tensor> = Object.fromEntries(
        stored(`${path}_weights.safetensors`, "w."),
      );
      const raw = stored(`${path}_grads.safetensors`, "g.");
      const { grads, norm } = clipByNorm(raw, max_grad_norm);
      const weightDecay = (name: string) => (decays(name) ? weight_decay_w : weight_decay_b);
      const adam = new Adam(model, { learningRate: lr, betas, epsilon: eps, weightDecay });
      adam.update(grads);
      expect(await norm.item()).toBeCloseTo(step.grad_norm_before_clip, 5);
      for (const [name, after] of stored(`${path}_after_step.safetensors`, "w.")) {
        const [ours, theirs] = [await model[name].data(), await after.data()];
        for (const [i, value] of theirs.entries())
          expect(Math.abs(ours[i] - value), `${name}[${i}]`).toBeLessThanOrEqual(
            tolerance({ rate: lr, size: Math.abs(value) }),
          );
      }
    } finally {
      await device.close();
    }
  },
);

const grouped = fixturePaths("hypertrack", /\.json$/)
  .map((path) => ({ name: basename(path), content: JSON.parse(readFileSync(path, "utf8")) }))
  .filter(({ content }) => Array.isArray(content.groups));

describe("weight decay by name", () => {
  test("groups are there, or reported as absent", () => {
    if (grouped.length === 0) console.log(`no parameter groups in ${fixtureFolder()}: absent`);
  });
  test.for(grouped)("$name", ({ content }) => {
    for (const { weight_decay, names } of content.groups as {
      weight_decay: number;
      names: string[];
    }[])
      for (const name of names) expect(decays(name), name).toBe(weight_decay > 0);
  });
});
