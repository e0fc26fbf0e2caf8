/** The siblings of the Transformer Regressor: what they say, their losses and every gradient, as PyTorch's layers give them. */
import { join } from "node:path";
import { expect, test } from "vitest";
import {
  classifierLoss,
  EncoderDecoder,
  nextHitLoss,
  type RegressorBatch,
  regress,
  TransformerRegressor,
} from "../../models/index.ts";
import {
  type BackendName,
  loadParameters,
  realize,
  type Tensor,
  valueAndGrad,
} from "../../src/index.ts";
import { snakeCase } from "../../src/nn/module.ts";
import { nodeGpu } from "../../src/node/gpu.ts";
import { openDevice } from "../../src/node/open.ts";
import { onBackends } from "../nn/compare.ts";
import { bools, describedTensors, floats, type Tensors, under } from "../nn/stored.ts";

interface SiblingCase {
  model: string;
  sizes: Record<string, number>;
  loss: number;
}

/** Our own, and what may lie beside the other golden data. */
const folders = [join(import.meta.dirname, "../fixtures/siblings"), "siblings"];
const cases = folders.flatMap(describedTensors).map(({ name, content, tensors }) => ({
  name,
  content: content as SiblingCase,
  tensors: tensors(),
}));

interface Sibling {
  model: object;
  /** What it says of a batch, under the name of the file, and the loss. */
  outputs: () => Record<string, Tensor>;
  loss: () => Tensor;
}

const siblings: Record<string, (content: SiblingCase, tensors: Tensors) => Sibling> = {
  "enc-cla": ({ sizes }, tensors) => {
    const options = { ...sizes, outputs: sizes.outputs };
    const model = new TransformerRegressor({ ...options, inputs: 3 });
    const batch = classifierBatch(tensors);
    return {
      model,
      outputs: () => ({ logits: regress(model, batch) }),
      loss: () => classifierLoss(model, batch),
    };
  },
  "enc-dec": ({ sizes }, tensors) => {
    const model = new EncoderDecoder(sizes);
    const read = (key: string) => floats(tensors.get(`in.${key}`)!);
    const [hits, mask, steps] = [read("hits"), bools(tensors.get("in.padding")!), read("steps")];
    const [events, tracks, numSteps] = steps.shape;
    const rows = [events, tracks * numSteps] as const;
    const next = read("next").reshape([...rows, 3]);
    const isUntaught = bools(tensors.get("in.absent")!).reshape(rows);
    return {
      model,
      outputs: () => ({ places: model.decode(model.encode(hits, mask), mask, steps) }),
      loss: () => nextHitLoss(model, { hits, mask, steps, next, isUntaught }),
    };
  },
};

/** Hits of class −1 are not learned. */
function classifierBatch(tensors: Tensors): RegressorBatch {
  const labels = tensors.get("in.labels")!;
  const classes = Array.from(labels.data, Number);
  const [events, hits] = labels.shape;
  return {
    hits: floats(tensors.get("in.hits")!),
    targets: floats({ shape: [events, hits, 1], data: classes.map((c) => Math.max(0, c)) }),
    isUntaught: bools({ shape: [events, hits], data: classes.map((c) => (c < 0 ? 1 : 0)) }),
    isPadding: bools(tensors.get("in.padding")!),
    offsets: undefined,
    shares: undefined,
  };
}

// In float32 a hundred terms pass up to nine layer norms, 100 · 2⁻²⁴ · 10, as in encoderDecoder.gpu.test.ts; in
// float64 what is stored in float32 was rounded, 2⁻²⁴.
const toleranceOf = (backend: BackendName) =>
  backend === "js-f64" ? { value: 1e-12, gradient: 2 ** -24 } : { value: 6e-5, gradient: 6e-5 };

const isHere = (row: number, width: number, padding: ArrayLike<number | bigint>) =>
  Number(padding[Math.floor(row / width)]) === 0;

test("all kinds are there", () => {
  expect(new Set(cases.map(({ content }) => content.model))).toEqual(
    new Set(Object.keys(siblings)),
  );
});

/** Software adapters compile for minutes what `npm test` compares with js on them anyway, of other sizes. */
const isSoftware = (await nodeGpu()).source !== "hardware";
const onThese = onBackends(cases).filter(({ backend }) => !(isSoftware && backend === "webgpu"));

test.for(onThese)(
  "$name on $backend: what it says, loss, gradients",
  async ({ content, tensors, backend }) => {
    const device = await openDevice({ backend });
    try {
      const tolerance = toleranceOf(backend);
      const { model, outputs, loss } = siblings[content.model](content, tensors);
      loadParameters(model, under(tensors, "w."));
      for (const [name, said] of Object.entries(outputs())) {
        const { data, shape } = tensors.get(`out.${name}`)!;
        expect(said.shape).toEqual(shape);
        const found = await said.data();
        const padding = name === "logits" ? tensors.get("in.padding")!.data : [];
        for (const [i, value] of found.entries())
          if (padding.length === 0 || isHere(i, shape.at(-1)!, padding))
            expect(Math.abs(value - Number(data[i])), `${name}[${i}]`).toBeLessThan(
              tolerance.value * (1 + Math.abs(Number(data[i]))),
            );
      }
      const { value, grads } = valueAndGrad(model, loss);
      await realize([value, ...grads.values()]);
      expect(Math.abs((await value.item()) / content.loss - 1)).toBeLessThan(tolerance.value);
      const wanted = under(tensors, "grad.");
      expect(new Set([...grads.keys()].map(snakeCase))).toEqual(new Set(wanted.keys()));
      // those of biases of keys are 0 up to rounding of the others: all scores of a query move alike
      const all = [...wanted.values()].flatMap(({ data }) => Array.from(data, Number));
      const greatest = Math.max(...all.map(Math.abs));
      for (const [name, gradient] of grads) {
        const theirs = wanted.get(snakeCase(name))!.data;
        const ours = await gradient.data();
        expect(ours.length, name).toBe(theirs.length);
        for (const [i, found] of ours.entries())
          expect(Math.abs(found - Number(theirs[i])), `${name}[${i}]`).toBeLessThan(
            tolerance.gradient * greatest,
          );
      }
    } finally {
      await device.close();
    }
  },
);
