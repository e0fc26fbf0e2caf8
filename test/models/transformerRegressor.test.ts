import { describe, expect, test } from "vitest";
import { regressorFrom, TransformerRegressor } from "../../models/index.ts";
import {
  FormatError,
  loadParameters,
  mse,
  ones,
  parameters,
  Rng,
  realize,
  ShapeError,
  tensor,
  valueAndGrad,
  zeros,
} from "../../src/index.ts";
import { type StoredTensor, snakeCase } from "../../src/nn/module.ts";
import { useDevice } from "../helpers/backends.ts";

useDevice("js");

const small = { inputs: 3, outputs: 4, numLayers: 2, width: 8, numHeads: 2, hiddenDim: 16 };

async function stateOf(model: object): Promise<Map<string, StoredTensor>> {
  const state = new Map<string, StoredTensor>();
  for (const [name, parameter] of parameters(model))
    state.set(snakeCase(name), { shape: parameter.shape, data: await parameter.data() });
  return state;
}

// inputs, width, layers, width of the feed-forward part, outputs: thesis, table B.1
test.each([
  [3, 32, 6, 128, 3, 76451],
  [3, 32, 6, 128, 4, 76484],
  [3, 64, 6, 128, 3, 201283],
  [3, 64, 6, 256, 3, 300355],
  [3, 128, 7, 256, 4, 928388],
])("%i inputs, width %i, %i layers, %i wide, %i outputs: %i parameters", (...sizes) => {
  const [inputs, width, numLayers, hiddenDim, outputs, wanted] = sizes;
  const model = new TransformerRegressor({ inputs, outputs, numLayers, width, hiddenDim });
  expect(model.numParameters).toBe(wanted);
});

test("all layers start alike, as the published stack repeats one; the same seed, the same model", async () => {
  const [state, again, other] = await Promise.all(
    [37, 37, 38].map((seed) => stateOf(new TransformerRegressor({ ...small, rng: new Rng(seed) }))),
  );
  for (const [name, { data }] of state!) {
    const second = name.replace("layers.0", "layers.1");
    expect(state!.get(second)?.data, second).toEqual(data);
    expect(again!.get(name)?.data, name).toEqual(data);
  }
  const key = "encoder.layers.0.linear1.weight";
  expect(other!.get(key)?.data).not.toEqual(state!.get(key)?.data);
});

test("weights start within the bounds of the published initialisation", async () => {
  const state = await stateOf(new TransformerRegressor({ ...small, width: 32, hiddenDim: 64 }));
  const bounds: Record<string, number> = {
    "input_layer.weight": 1 / Math.sqrt(3),
    "encoder.layers.0.self_attn.in_proj_weight": Math.sqrt(6 / (4 * 32)),
    "encoder.layers.0.self_attn.in_proj_bias": 0,
    "encoder.layers.0.self_attn.out_proj.weight": 1 / Math.sqrt(32),
    "encoder.layers.0.self_attn.out_proj.bias": 0,
    "encoder.layers.0.linear2.weight": 1 / Math.sqrt(64),
    "decoder.bias": 1 / Math.sqrt(32),
  };
  for (const [name, bound] of Object.entries(bounds)) {
    const largest = Math.max(...Array.from(state.get(name)!.data as Float32Array, Math.abs));
    expect(largest, name).toBeLessThanOrEqual(bound);
    expect(largest, name).toBeGreaterThanOrEqual(0.5 * bound); // of a uniform distribution
  }
});

test("the order of hits does not matter, nor what else is in the batch", async () => {
  const model = new TransformerRegressor(small);
  const hits = [0.1, 0.2, 0.3, -1, 0.5, 2, 0.7, -0.8, 0.9];
  const y = await model.forward(tensor(hits, [1, 3, 3])).data();
  const turned = [...hits.slice(3), ...hits.slice(0, 3)];
  const both = await model.forward(tensor([...turned, ...hits], [2, 3, 3])).data();
  for (const [i, v] of y.entries()) {
    expect(both[(i + 8) % 12]).toBeCloseTo(v, 5); // f32, sums over hits in another order
    expect(both[12 + i]).toBeCloseTo(v, 5);
  }
});

describe("loading parameters", () => {
  test("gives the model that was stored", async () => {
    const model = new TransformerRegressor({ ...small, rng: new Rng(1) });
    const state = await stateOf(model);
    const copy = regressorFrom(state, { numHeads: 2 });
    const hits = ones([1, 2, 3]);
    expect(await copy.forward(hits).data()).toEqual(await model.forward(hits).data());
    expect(await stateOf(copy)).toEqual(state);
  });

  const cases: Record<string, (state: Map<string, StoredTensor>) => unknown> = {
    "w.pt: expected the key encoder.layers.1.norm2.bias [8], got none (of 27 keys)": (state) =>
      state.delete("encoder.layers.1.norm2.bias"),
    "w.pt: expected decoder.weight of shape [4, 8], got [8, 4]": (state) =>
      state.set("decoder.weight", { ...state.get("decoder.weight")!, shape: [8, 4] }),
    "w.pt: expected only keys of the model, got decoder.scale [2]": (state) =>
      state.set("decoder.scale", { shape: [2], data: [1, 2] }),
  };
  test.each(Object.entries(cases))("%s", async (message, spoil) => {
    const state = await stateOf(new TransformerRegressor({ ...small, rng: new Rng(1) }));
    spoil(state);
    const model = new TransformerRegressor({ ...small, rng: new Rng(2) });
    const before = [...parameters(model).values()];
    expect(() => loadParameters(model, state, "w.pt")).toThrow(new FormatError(message));
    for (const [i, parameter] of [...parameters(model).values()].entries())
      expect(parameter).toBe(before[i]);
  });

  test("says which file is not a regressor's", () => {
    expect(() => regressorFrom(new Map(), { numHeads: 2, source: "w.pt" })).toThrow(
      new FormatError(
        "w.pt: expected the key input_layer.weight of a transformer regressor, got none (of 0 keys)",
      ),
    );
  });

  test("refuses a number of heads that does not divide the width", async () => {
    const state = await stateOf(new TransformerRegressor(small));
    expect(() => regressorFrom(state, { numHeads: 3, source: "w.pt" })).toThrow(
      new FormatError("w.pt: expected a width divisible by 3 heads, got 8"),
    );
  });
});

test("misuse of the model is told in its own words", () => {
  const model = new TransformerRegressor(small);
  expect(() => new TransformerRegressor({ ...small, numHeads: 3 })).toThrow(
    new ShapeError("TransformerRegressor: expected a width divisible by 3 heads, got 8"),
  );
  expect(() => model.forward(ones([4, 3]))).toThrow(
    new ShapeError("TransformerRegressor(hits): expected [B, N, inputs], got [4, 3]"),
  );
  expect(() => model.forward(ones([1, 4, 3]), zeros([1, 3], "bool"))).toThrow(
    new ShapeError("attention(mask): expected [1, 4], got [1, 3]"),
  );
});

test("in half precision every parameter learns, by nearly the gradient of single precision", async () => {
  const gradientsOf = async (isHalf: boolean) => {
    const sizes = { inputs: 3, outputs: 4, numLayers: 2, width: 8, numHeads: 2, hiddenDim: 12 };
    const model = new TransformerRegressor({ ...sizes, isHalf, rng: new Rng(3) });
    const rng = new Rng(4);
    const [hits, targets] = [rng.normal([1, 9, 3]), rng.normal([1, 9, 4])];
    const { grads } = valueAndGrad(model, (m) => mse(m.forward(hits), targets));
    expect([...grads.keys()]).toEqual([...parameters(model).keys()]);
    await realize([...grads.values()]);
    const all = await Promise.all([...grads.values()].map((grad) => grad.data()));
    return all.flatMap((values) => [...values]);
  };
  const [single, half] = [await gradientsOf(false), await gradientsOf(true)];
  const norm = (values: number[]) => Math.hypot(...values);
  // f16 keeps eleven bits between layers: 2⁻¹¹ = 5e-4 each, magnified by the layer norms
  expect(norm(single.map((value, i) => value - half[i]!)) / norm(single)).toBeLessThan(1e-2);
  expect(half).not.toEqual(single);
});
