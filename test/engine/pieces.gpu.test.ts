/** Tensors larger than what the device binds at once: cut into pieces, or refused with both sizes. */
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Device } from "../../src/engine/runtime/device.ts";
import {
  concat,
  gather,
  indices,
  layerNorm,
  matmul,
  OutOfMemoryError,
  segmentSum,
  segmentsOf,
  softmax,
  type Tensor,
  tensor,
} from "../../src/index.ts";
import { openDevice } from "../../src/node/open.ts";
import { withEnv } from "../helpers/backends.ts";
import { randomGraph } from "../helpers/graphs.ts";
import { openPrepared } from "../helpers/openPrepared.ts";
import { accuracies, check } from "../helpers/samples.ts";

const maxBindingBytes = 4096;
let device: Device;
let oracle: Device;
beforeAll(async () => {
  oracle = await openDevice({ backend: "js" });
  device = await openPrepared(() => {}, { maxBindingBytes });
});
afterAll(async () => {
  await device.close();
  await oracle.close();
});

const rows = 700; // of 8 columns: 22 kB
const values = (seed: number, shape: number[]) => {
  const size = shape.reduce((a, b) => a * b, 1);
  return Float32Array.from({ length: size }, (_, i) => Math.sin(seed + i * 1.7));
};

type Make = (x: (seed: number, shape: number[]) => Tensor) => Tensor;

/** What is computed in pieces, against the js backend, which needs none. */
const cases: Record<string, Make> = {
  "elementwise, with a broadcast row": (x) =>
    x(1, [rows, 8])
      .mul(x(2, [rows, 8]))
      .add(x(3, [8]))
      .tanh(),
  "a column broadcast over rows": (x) => x(1, [rows, 8]).mul(x(2, [rows, 1])),
  slices: (x) =>
    x(1, [rows, 8])
      .slice([
        [5, rows - 3, 2],
        [1, 7],
      ])
      .add(1),
  backwards: (x) =>
    x(1, [rows, 8])
      .slice([[rows - 1, -1, -1]])
      .mul(2),
  padding: (x) =>
    x(1, [rows, 8])
      .pad(
        [
          [3, 40],
          [0, 0],
        ],
        7,
      )
      .mul(2),
  concat: (x) => concat([x(1, [rows, 8]), x(2, [300, 8]), x(3, [rows, 8])], 0).neg(),
  "sums along rows": (x) => x(1, [rows, 8]).square().sum({ axes: 1, keepAxes: true }),
  "rows gathered from a small table": (x) =>
    gather(x(1, [100, 8]), indices(Array.from({ length: rows }, (_, i) => (i * 7) % 100))).mul(2),
  "softmax of rows": (x) => softmax(x(1, [rows, 8])),
  "layer norm": (x) => layerNorm(x(1, [rows, 8]), x(2, [8]), x(3, [8])),
  "a product of many rows, finished": (x) =>
    matmul(x(1, [rows, 8]), x(2, [8, 16]))
      .add(x(3, [16]))
      .relu()
      .add(x(4, [rows, 16])),
  "rows and columns swapped": (x) => x(1, [rows, 8]).transpose().add(1),
  "a batch of products that share one factor": (x) => matmul(x(1, [90, 5, 8]), x(2, [8, 16])),
  "sums of segments": (x) => {
    const target = Array.from({ length: 900 }, (_, i) => (i * 13) % 600);
    return segmentSum(
      gather(x(1, [100, 8]), indices(target.map((t) => t % 100))),
      segmentsOf(indices(target), 600),
    );
  },
};

for (const [name, make] of Object.entries(cases))
  for (const [mode, switches] of Object.entries({ kernels: {}, "no kernels": { TG_KERNELS: "0" } }))
    test(`${name}, ${mode}`, () =>
      withEnv(switches, async () => {
        const on = (where: Device) =>
          make((seed, shape) => tensor(values(seed, shape), shape, { device: where }));
        const [actual, expected] = [await on(device).data(), await on(oracle).data()];
        const allowed = 1e-5; // at most 16 products of numbers below 1, and functions off by some 1e-6
        const worst = Math.max(...Array.from(expected, (e, i) => Math.abs(e - actual[i]!)));
        expect(actual.length).toBe(expected.length);
        expect(worst).toBeLessThan(allowed);
      }));

test("pieces compile once, whatever the size", async () => {
  const x = (count: number) => tensor(values(1, [count, 8]), [count, 8], { device });
  await x(600).sin().data();
  const { pipelines, plans } = device.stats();
  for (const count of [601, 2000, 333]) await x(count).sin().data();
  expect(device.stats()).toMatchObject({ pipelines, plans });
});

test("what cannot be cut is refused, and names both sizes", async () => {
  const x = tensor(values(1, [rows, 8]), [rows, 8], { device });
  const columns = x.sum({ axes: 0 }).data(); // each invocation reads rows from everywhere
  await expect(columns).rejects.toThrow(OutOfMemoryError);
  await expect(columns).rejects.toThrow(
    /^webgpu\(sum.*\): expected to bind at most 4096 B of a buffer at once, got one of 24576 B /,
  );
  const anywhere = gather(x, indices([0, rows - 1]).add(0)).add(1);
  await expect(anywhere.data()).rejects.toThrow(/^webgpu\(\w+\): expected to bind at most 4096 B/);
  expect([...(await tensor([1, 2], [2], { device }).add(1).data())]).toEqual([2, 3]);
});

test("random graphs equal the oracle, or are refused", async () => {
  let refused = 0;
  const inputs = {
    seed: fc.nat(),
    sizes: fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 2, maxLength: 3 }),
  };
  await fc.assert(
    fc.asyncProperty(fc.record(inputs), async ({ seed, sizes }) => {
      const graph = randomGraph(seed, { dtype: "f32", steps: 6, sizes });
      await check(graph, accuracies.webgpu).catch((error) => {
        if (!(error instanceof OutOfMemoryError)) throw error;
        refused++;
      });
    }),
    { numRuns: 15, seed: 5 },
  );
  expect(refused).toBeLessThan(8);
});
