/** A training step of the flash variant: losses of single events summed, one backward, one Adam step. */
import { existsSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { expect, test } from "vitest";
import { regressorFrom } from "../../models/transformerRegressor.ts";
import { readSafetensors, type Safetensors } from "../../src/engine/formats/safetensors.ts";
import { Adam, mse, parameters, realize, tensor, valueAndGrad } from "../../src/index.ts";
import { snakeCase } from "../../src/nn/module.ts";
import { openDevice } from "../../src/node/open.ts";
import { fixtureFolder, fixturePaths } from "../helpers/fixtures.ts";
import { difference, excess, gradTolerance, onBackends } from "./compare.ts";

interface FlashCase {
  hyper: { n_head: number };
  /** Events of batch size 1, without padding. */
  inputs: number[][][][];
  targets: number[][][][];
  expected_outputs: number[][][][];
  event_losses: number[];
  accumulated_loss: number;
  parameters_without_gradient: string[];
}

const cases = fixturePaths("transformer-regressor", /\.json$/)
  .map((path) => ({ path, content: JSON.parse(readFileSync(path, "utf8")) }))
  .filter(({ content }) => "event_losses" in content && "inputs" in content)
  .map(({ path, content }) => ({
    name: basename(path, ".json"),
    path: path.replace(/\.json$/, ""),
    step: content as FlashCase,
  }));

test("flash cases are there, or reported as absent", () => {
  if (cases.length === 0) console.log(`no flash training cases in ${fixtureFolder()}: absent`);
  expect(cases.every(({ path }) => existsSync(`${path}_weights_initial.safetensors`))).toBe(true);
});

const stored = (path: string): Safetensors =>
  readSafetensors(readFileSync(`${path}.safetensors`), path);

const floats = (rows: number[][][]) =>
  tensor(rows.flat(2).map(Math.fround), [rows.length, rows[0].length, rows[0][0].length]);

const learningRate = 1e-3; // the only one the program knows

test.for(onBackends(cases))(
  "$name on $backend: outputs, losses, gradients and parameters",
  async ({ path, step, backend }) => {
    const device = await openDevice({ backend });
    try {
      const weights = stored(`${path}_weights_initial`);
      const model = regressorFrom(weights.tensors, { numHeads: step.hyper.n_head });
      const [inputs, targets] = [step.inputs.map(floats), step.targets.map(floats)];
      const outputs = inputs.map((input) => model.forward(input));
      for (const [e, output] of outputs.entries()) {
        const ours = await output.data();
        for (const [i, value] of step.expected_outputs[e].flat(2).entries())
          expect(Math.abs(ours[i] - value)).toBeLessThan(1e-5); // float32, two normalised layers
        const loss = await mse(output, targets[e]).item();
        expect(Math.abs(loss - step.event_losses[e])).toBeLessThan(1e-5 * step.event_losses[e]);
      }
      const { value, grads } = valueAndGrad(model, (m) =>
        inputs
          .map((input, e) => mse(m.forward(input), targets[e]))
          .reduce((sum, loss) => sum.add(loss)),
      );
      await realize([value, ...grads.values()]); // as one plan
      const tolerance = gradTolerance[backend];
      const ours = new Map([...grads].map(([name, g]) => [snakeCase(name), g]));
      const firstGrads = stored(`${path}_grads`);
      expect(await difference(firstGrads, (key) => ours.get(key)?.data())).toBeLessThan(tolerance);
      const withoutGradient = [...weights.tensors.keys()].filter((key) => !ours.has(key));
      expect(withoutGradient.sort()).toEqual([...step.parameters_without_gradient].sort());

      new Adam(model, { learningRate }).update(grads);
      const total = step.accumulated_loss;
      expect(Math.abs((await value.item()) - total)).toBeLessThan(1e-5 * total);
      const named = new Map([...parameters(model)].map(([name, p]) => [snakeCase(name), p]));
      const after = stored(`${path}_weights_after_1`);
      for (const key of step.parameters_without_gradient) {
        expect(Float32Array.from((await named.get(key)?.data()) ?? [])).toEqual(
          weights.tensors.get(key)?.data,
        );
        after.tensors.delete(key);
      }
      const options = { rate: learningRate, steps: 1, tolerance };
      expect(await excess(after, firstGrads, named, options)).toBeLessThan(1);
    } finally {
      await device.close();
    }
  },
);
