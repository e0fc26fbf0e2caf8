import { describe, expect, test } from "vitest";
import {
  explain,
  gather,
  indices,
  layerNorm,
  matmul,
  type PlanOptions,
  softmax,
  type Tensor,
  tensor,
  withPlan,
} from "../../src/index.ts";
import { useDevice } from "../helpers/backends.ts";

const device = useDevice("js");
const matrix = (rows: number, columns: number) =>
  tensor(
    Array.from({ length: rows * columns }, (_, i) => Math.sin(i)),
    [rows, columns],
  );
const labels = async (options: PlanOptions, y: Tensor) => {
  const { launches } = await withPlan(options, () => explain([y]));
  return launches.map(({ label }) => label).join(" ");
};

describe("withPlan", () => {
  const hidden = () => matmul(matrix(3, 4), matrix(4, 2)).named("h");

  test("fuse: off plans one launch per op", async () => {
    const y = matrix(2, 2).exp().add(1).tanh();
    expect(await labels({}, y)).toBe("tanh");
    expect(await labels({ fuse: "off" }, y)).toBe("exp add tanh");
  });

  test("kernels are switched off one by one, or all", async () => {
    const [weight, bias] = [tensor([1, 1, 1, 1]), tensor([0, 0, 0, 0])];
    const y = softmax(layerNorm(matrix(3, 4), weight, bias));
    expect(await labels({}, y)).toBe("layerNorm softmax");
    expect(await labels({ kernels: { layerNorm: false } }, y)).toBe("add softmax");
    expect(await labels({ kernels: false }, y)).not.toMatch(/softmax|layerNorm/);
  });

  test("forbid stores a value and keeps its readers out, by tensor, name or op", async () => {
    const h = hidden();
    const y = h.relu().mul(2).add(1);
    expect(await labels({}, y)).toBe("matmul+add");
    for (const place of [h, "h", "matmul"])
      expect(await labels({ forbid: [place] }, y)).toBe("matmul add");
    expect(await labels({ forbid: ["relu", "mul"] }, y)).toBe("matmul+relu mul add");
  });

  test("force computes a value where it is used", async () => {
    const e = matrix(3, 4).exp();
    const y = gather(e, indices([2, 0, 2]));
    expect(await labels({}, y)).toBe("exp gather");
    expect(await labels({ force: [e] }, y)).toBe("gather");
    expect(await labels({ force: ["exp"] }, y)).toBe("gather");
    await withPlan({ force: [e] }, () => y.data()); // TG_VERIFY looks at the values
  });

  test("what cannot be forced says why", async () => {
    const x = matrix(3, 4).exp().named("e");
    const forced = (options: PlanOptions, y: Tensor) => expect(labels(options, y)).rejects;
    await forced({ force: ["e"] }, softmax(x)).toThrow(
      "withPlan(force): expected a value that can be computed where it is used, got e (exp) [3, 4] (input of softmax; kernels can be switched off by kernels: { name: false })",
    );
    await forced({ force: ["e"] }, x).toThrow(/got e \(exp\) \[3, 4\] \(output\)/);
    await forced({ force: ["softmax"] }, softmax(x).mul(2)).toThrow(
      /got softmax \[3, 4\] \(kernel; the kernel of softmax does not write each result once; kernels/,
    );
  });

  test("what is not there, or not known, is an error", async () => {
    const y = matrix(2, 2).exp();
    const wrong = (options: PlanOptions) => expect(labels(options, y)).rejects;
    await wrong({ force: ["hiden"] }).toThrow(
      "withPlan(force): expected a tensor, a name or an op of this graph, got hiden",
    );
    await wrong({ forbid: [matrix(1, 1)] }).toThrow(/got Tensor f32 \[1, 1\]/);
    await wrong({ kernels: { matmull: false } }).toThrow(/expected a kernel, got matmull/);
    expect(await labels({ forbid: ["tanh"] }, y)).toBe("exp"); // an op that does not occur
  });

  test("a variant of a kernel is chosen among those that it has", async () => {
    await labels({ tiles: { matmul: "tall" } }, hidden());
    await expect(labels({ tiles: { matmul: "flat" } }, hidden())).rejects.toThrow(
      "withPlan(tiles.matmul): expected plain or tall or square, got flat",
    );
  });

  test("options are part of the plan's key, names are not", async () => {
    const before = device().stats().plans;
    const y = () => matrix(5, 5).exp().sum().add(3);
    await y().data();
    await y().named("other").data();
    expect(device().stats().plans).toBe(before + 1);
    for (const _ of [1, 2]) await withPlan({ forbid: ["exp"] }, () => y().data());
    expect(device().stats().plans).toBe(before + 2);
  });

  test("holds for what is asked for inside, however long it takes", async () => {
    const y = () => matrix(2, 2).exp().add(1).tanh();
    const inside = withPlan({ fuse: "off" }, () =>
      withPlan({ kernels: false }, () => explain([y()])),
    );
    const outside = explain([y()]);
    expect((await inside).launches.length).toBe(3);
    expect((await outside).launches.length).toBe(1);
  });
});
