/** Training steps of the published program: losses, gradients, parameters and Adam moments. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { TransformerRegressor } from "../../models/transformerRegressor.ts";
import { readSafetensors, type Safetensors } from "../../src/engine/formats/safetensors.ts";
import {
  Adam,
  loadParameters,
  maskedMse,
  parameters,
  realize,
  type Tensor,
  tensor,
  valueAndGrad,
} from "../../src/index.ts";
import { snakeCase } from "../../src/nn/module.ts";
import { openDevice } from "../../src/node/open.ts";
import { difference, excess, gradTolerance, onBackends } from "./compare.ts";

const folder = join(
  process.env.TG_FIXTURES ?? resolve(import.meta.dirname, "../../../shared/fixtures"),
  "transformer-regressor",
);
const files = existsSync(folder) ? readdirSync(folder) : [];

interface TrainStep {
  hyper: Record<string, number>;
  optimizer: { lr: number; betas: [number, number]; eps: number };
  input: number[][][];
  target: number[][][];
  padding_mask: boolean[][];
  loss_before_each_step: number[];
  loss_after_3_steps: number;
  loss_float64_before: number;
}

/** Cases are known by what they contain, not by name. */
const cases = files
  .filter((file) => file.endsWith(".json"))
  .map((file) => ({ file, content: JSON.parse(readFileSync(join(folder, file), "utf8")) }))
  .filter(({ content }) => "loss_before_each_step" in content && "padding_mask" in content)
  .map(({ file, content }) => ({ name: file.replace(/\.json$/, ""), step: content as TrainStep }));

function stored(name: string): Safetensors {
  return readSafetensors(readFileSync(join(folder, `${name}.safetensors`)), name);
}

function build({ hyper }: TrainStep, weights: Safetensors): TransformerRegressor {
  const model = new TransformerRegressor({
    inputs: hyper.input_size,
    outputs: hyper.output_size,
    numLayers: hyper.num_encoder_layers,
    width: hyper.d_model,
    numHeads: hyper.n_head,
    hiddenDim: hyper.dim_feedforward,
  });
  loadParameters(model, weights.tensors);
  return model;
}

test("training cases are there, or reported as absent", () => {
  if (cases.length === 0) console.log(`no training cases in ${folder}: absent`);
  expect(cases.every(({ step }) => step.input.length > 0)).toBe(true);
});

test.for(onBackends(cases))(
  "$name on $backend: loss, gradients, parameters and moments",
  async ({ name, step, backend }) => {
    const device = await openDevice({ backend });
    try {
      const [batch, numRows] = [step.input.length, step.input[0].length];
      const floats = (rows: number[][][]) =>
        tensor(rows.flat(2).map(Math.fround), [batch, numRows, rows[0][0].length]);
      const [input, target] = [floats(step.input), floats(step.target)];
      const mask = tensor(step.padding_mask.flat().map(Number), [batch, numRows], {
        dtype: "bool",
      });
      const stepsAfter = new Map(
        files.flatMap((file) => {
          const match = /_weights_(after_(\d+))\.safetensors$/.exec(file);
          return match && file.startsWith(name) ? [[Number(match[2]), match[1]] as const] : [];
        }),
      );
      const model = build(step, stored(`${name}_weights_initial`));
      const { lr, betas, eps } = step.optimizer;
      const adam = new Adam(model, { learningRate: lr, betas, epsilon: eps });
      const tolerance = gradTolerance[backend];
      const named = (tensors: ReadonlyMap<string, Tensor>) =>
        new Map([...tensors].map(([key, t]) => [snakeCase(key), t]));
      const gradsFile =
        backend === "js-f64" ? `${name}_grads_step1_float64` : `${name}_grads_step1`;
      const firstGrads = stored(gradsFile);

      for (const [done, loss] of step.loss_before_each_step.entries()) {
        const { value, grads } = valueAndGrad(model, (m) =>
          maskedMse(m.forward(input, mask), target, mask),
        );
        const ours = named(grads);
        if (done === 0) await realize([value, ...grads.values()]); // as one plan
        if (done === 0)
          expect(await difference(firstGrads, (key) => ours.get(key)?.data())).toBeLessThan(
            tolerance,
          );
        adam.update(grads);
        expect(Math.abs((await value.item()) - loss)).toBeLessThan(1e-5 * Math.abs(loss));
        const after = stepsAfter.get(done + 1);
        if (!after) continue;
        const steps = done + 1;
        const options = { rate: lr, steps, tolerance };
        const weights = stored(`${name}_weights_${after}`);
        expect(await excess(weights, firstGrads, named(parameters(model)), options)).toBeLessThan(
          1,
        );
        const moments = named(adam.state());
        const state = stored(`${name}_adam_state_${after}`);
        // after several steps the gradients were taken at parameters that moved apart by the above
        const bound = steps === 1 ? 2 * tolerance : 1e-3;
        expect(await difference(state, (key) => moments.get(key)?.data())).toBeLessThan(bound);
      }
      const last = maskedMse(model.forward(input, mask), target, mask);
      expect(Math.abs((await last.item()) - step.loss_after_3_steps)).toBeLessThan(1e-4);
    } finally {
      await device.close();
    }
  },
);
