import { existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { roundFloat16 } from "../../src/engine/float16.ts";
import {
  DTypeError,
  Linear,
  loadParameters,
  modelState,
  Rng,
  type Tensor,
  tensor,
  train,
} from "../../src/index.ts";
import { loadCheckpoint, saveCheckpoint } from "../../src/node/checkpoints.ts";
import { RunDirectory } from "../../src/node/runDirectory.ts";
import { loadWeights, saveParameters, saveSafetensors } from "../../src/node/weights.ts";
import { useDevice } from "../helpers/backends.ts";
import { bitsOf, tinyTraining } from "./tinyTraining.ts";

useDevice("js");
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "trackgrad-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const fileIn = (name: string) => join(folder, `${name}.safetensors`);
const holding = (values: ArrayLike<number>, dtype: "f32" | "f16" = "f32") => ({
  scale: tensor(Float32Array.from(values), [values.length], { dtype }),
});
const valuesOf = async ({ scale }: { scale: Tensor }) => Array.from(await scale.data());

/** Numbers that f16 has to do something about: bit patterns of f32 up to its largest, subnormals, halves. */
const awkward = [
  0,
  -0,
  2 ** -24,
  2 ** -25,
  3 * 2 ** -25,
  -(2 ** -14),
  1e-8,
  65504,
  -65519.9,
  1 / 3,
];
const anyValue = fc.oneof(
  fc.constantFrom(...awkward),
  fc.float({ min: -65504, max: 65504, noNaN: true }),
  fc.float({ min: Math.fround(-(2 ** -13)), max: Math.fround(2 ** -13), noNaN: true }),
);
const dtypes = fc.constantFrom("f32" as const, "f16" as const);

test("stored as f16 or f32, read into f16 or f32: rounded once, to the nearest", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyValue, { maxLength: 20 }),
      dtypes,
      dtypes,
      dtypes,
      async (values, from, dtype, to) => {
        const path = fileIn("any");
        await saveParameters(path, holding(values, from), {}, { dtype });
        const { tensors } = await loadWeights(path);
        expect(tensors.get("scale")?.dtype).toBe(dtype.toUpperCase());
        const model = holding(new Float32Array(values.length), to);
        loadParameters(model, tensors, path);
        expect(model.scale.dtype).toBe(to);
        const isExact = [from, dtype, to].every((type) => type === "f32");
        const expected = values.map(isExact ? Math.fround : roundFloat16);
        expect(await valuesOf(model)).toEqual(expected);
      },
    ),
    { numRuns: 50 },
  );
});

test("a model as f16 takes half the bytes, and one of f16 is saved as that", async () => {
  const model = { linear: new Linear(64, 64, new Rng(1)) };
  const half = { weight: model.linear.weight.cast("f16"), bias: model.linear.bias?.cast("f16") };
  await saveParameters(fileIn("whole"), model);
  await saveParameters(fileIn("half"), model, {}, { dtype: "f16" });
  await saveParameters(fileIn("stored"), { linear: half });
  const [whole, ...halves] = ["whole", "half", "stored"].map((name) => statSync(fileIn(name)).size);
  const numbers = 64 * 64 + 64;
  expect(halves.map((size) => whole - size)).toEqual([2 * numbers, 2 * numbers]);
  const [asked, stored] = await Promise.all([
    loadWeights(fileIn("half")),
    loadWeights(fileIn("stored")),
  ]);
  expect(stored.tensors).toEqual(asked.tensors);
});

test.each([65520, -1e6, 3.4e38])(
  "%d does not fit: named, and nothing is written",
  async (value) => {
    const path = fileIn("large");
    const model = { layers: [holding([1]), { outerScale: tensor([1, value]) }] };
    const message = `layers.1.outer_scale: expected numbers within ±65504 for f16, got ${Math.fround(value)}`;
    const saved = saveParameters(path, model, {}, { dtype: "f16" });
    await expect(saved).rejects.toThrow(new DTypeError(`${path}: ${message}`));
    expect(existsSync(path)).toBe(false);

    await saveParameters(path, model);
    const { tensors } = await loadWeights(path);
    const half = {
      layers: [holding([1], "f16"), { outerScale: tensor([1, 2], [2], { dtype: "f16" }) }],
    };
    expect(() => loadParameters(half, tensors, "w")).toThrow(new DTypeError(`w: ${message}`));
    expect(await valuesOf(half.layers[0] as { scale: Tensor })).toEqual([1]);
  },
);

test("what is not finite already stays what it is", async () => {
  const values = [Infinity, -Infinity, Number.NaN];
  await saveParameters(fileIn("odd"), holding(values), {}, { dtype: "f16" });
  const model = holding([0, 0, 0]);
  loadParameters(model, (await loadWeights(fileIn("odd"))).tensors);
  expect(await valuesOf(model)).toEqual(values);
});

test("weights of a run are no checkpoint, and leave its checkpoints as they were", async () => {
  const trained = async (epochs: number) => {
    const options = tinyTraining(epochs);
    const store = new RunDirectory(folder);
    await train({ ...options, store });
    return { store, model: options.model };
  };
  const { store } = await trained(2);
  const path = await store.saveWeights("f16");
  await expect(loadCheckpoint(path)).rejects.toThrow("got weights alone");
  const { model } = tinyTraining(1);
  loadParameters(model, (await loadWeights(path)).tensors, path);
  expect([...modelState(model).values()].every(({ dtype }) => dtype === "f32")).toBe(true);
  const resumed = await bitsOf((await trained(3)).model);
  rmSync(join(folder, "checkpoints"), { recursive: true });
  expect(await bitsOf((await trained(3)).model)).toEqual(resumed);
});

test("a training does not go on from a checkpoint that was rounded", async () => {
  const options = tinyTraining(1);
  await train({
    ...options,
    store: { load: async () => null, save: (c) => saveCheckpoint(fileIn("last"), c) },
  });
  const { tensors, metadata } = await loadWeights(fileIn("last"));
  const rounded = [...tensors].map(([name, t]) => [name, { ...t, dtype: "F16" as const }] as const);
  saveSafetensors(fileIn("rounded"), new Map(rounded), metadata);
  await expect(loadCheckpoint(fileIn("rounded"))).rejects.toThrow(/of F32 or F64, got F16$/);
});
