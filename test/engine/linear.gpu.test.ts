/** Affine maps of joined rows: the same numbers, and nothing of the size of the concatenation stored. */
import { describe, expect, test } from "vitest";
import {
  concat,
  explain,
  gather,
  gradients,
  indices,
  linear,
  matmul,
  Rng,
  realize,
  ShapeError,
  tensor,
} from "../../src/index.ts";
import { assertClose } from "../../src/testing/index.ts";
import { useDevice, withEnv } from "../helpers/backends.ts";

const [numNodes, numEdges, width] = [6, 50, 7];

async function edgeLayer() {
  const rng = new Rng(4);
  const [x, h] = [rng.uniform([numNodes, width]), rng.uniform([numEdges, width])];
  const [weight, bias] = [rng.uniform([5, 3 * width]), rng.uniform([5])];
  const known = [x, h, weight, bias];
  await realize(known);
  const [source, target] = [3, 5].map((step) =>
    indices(Uint32Array.from({ length: numEdges }, (_, e) => (e * step) % numNodes)),
  );
  const ends = concat([gather(x, source), gather(x, target), h]);
  return { ends, weight, bias, known };
}

describe.each(["js", "wasm", "webgpu"] as const)("on %s", (backend) => {
  useDevice(backend);

  test("is the product with the concatenation, in value and gradients", async () => {
    const { ends, weight, bias, known } = await edgeLayer();
    const y = linear(ends, weight, bias);
    const plain = matmul(ends, weight, { transposeB: true }).add(bias);
    // sums of 21 products, gradients of 50, of numbers below 1 and 21
    await assertClose(y, plain, 21 * 2 ** -23);
    const pairs = [y, plain].map((of) => gradients(of.square().sum(), known));
    for (const [which, gradient] of pairs[0].entries())
      await assertClose(gradient, pairs[1][which], 50 * 21 * 2 ** -23);
  });

  test("stores nothing as large as the concatenation, forward or backward", async () => {
    const { ends, weight, bias, known } = await edgeLayer();
    const y = linear(ends, weight, bias).relu();
    const { launches, rewrites, text } = await explain([y, ...gradients(y.sum(), known)]);
    const sizes = launches.flatMap(({ stores }) =>
      stores.map((store) =>
        JSON.parse(store.slice(store.indexOf("["))).reduce((n: number, size: number) => n * size),
      ),
    );
    expect(Math.max(...sizes), text).toBe(numEdges * width); // the gradient of h
    expect(rewrites).toEqual(["joinedLinear (rows are multiplied before they are repeated)"]);
  });

  test("is not rewritten where fusion is off", async () => {
    const { ends, weight, bias } = await edgeLayer();
    await withEnv({ TG_FUSE: "0" }, async () => {
      const { rewrites, launches } = await explain([linear(ends, weight, bias)]);
      expect(rewrites).toEqual([]);
      expect(launches.map(({ label }) => label)).toContain("concat");
    });
  });
});

test("says which widths do not fit", () => {
  const x = concat([gather(tensor([1, 2], [1, 2]), indices([0, 0])), tensor([1, 2], [2, 1])]);
  expect(() => linear(x, tensor([1, 2, 3, 4], [1, 4]), tensor([0]))).toThrow(ShapeError);
});
