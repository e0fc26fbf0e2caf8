/** Rows through a perceptron in one launch: rows that do not exist, and more of them than one block has. */
import { describe, expect, test } from "vitest";
import { perceptron } from "../../src/engine/ops/perceptron.ts";
import type { PerceptronOptions } from "../../src/engine/ops/perceptronStages.ts";
import {
  concat,
  explain,
  gather,
  gradients,
  indices,
  layerNorm,
  linear,
  range,
  realize,
  silu,
  type Tensor,
} from "../../src/index.ts";
import { assertClose, randomFrom, randomTensor } from "../../src/testing/index.ts";
import { useDevice } from "../helpers/backends.ts";

const none = 2 ** 32 - 1;
const stages: PerceptronOptions = {
  ...{ widths: [6, 5], activation: "silu", outputActivation: "tanh" },
  ...{ norm: "affine", epsilon: 1e-5 },
};
const shapes = [[6, 9], [6], [6], [6], [5, 6], [5]];
const [numNodes, numRows] = [40, 130]; // whole blocks and a part of one

describe.each(["js", "wasm", "webgpu"] as const)("on %s", (backend) => {
  useDevice(backend);

  test("a row that does not exist counts as zeros", async () => {
    const random = randomFrom(11);
    const draw = (shape: readonly number[]) => randomTensor(random, shape);
    const parameters = shapes.map(draw);
    const [nodes, edges] = [draw([numNodes, 3]), draw([numRows, 3])];
    await realize([nodes, edges, ...parameters]);
    const at = range(numRows, "u32");
    const [source, target] = [at.mul(7).mod(numNodes), at.mod(numNodes)];
    const isGone = at.mod(5).equal(2);
    const ends = [isGone.select(none, source), target];

    const y = perceptron(concat([...rowsOf(nodes, ends), edges]), parameters, stages) as Tensor;
    const { launches } = await explain([y]);
    expect(launches.map(({ label }) => label)).toContain("perceptronRows");

    const host = indices(Uint32Array.from({ length: numRows }, (_, r) => (r * 7) % numNodes));
    const joined = concat([
      gather(nodes, host).mul(isGone.not().cast("f32").reshape([-1, 1])),
      gather(nodes, indices(Uint32Array.from({ length: numRows }, (_, r) => r % numNodes))),
      edges,
    ]);
    await realize([joined]); // rows of its own: nothing is gathered
    // two sums of at most 9 products within ±3, exponentials off by 1e-6
    await assertClose(y, perceptron(joined, parameters, stages) as Tensor, 2e-5);
  });

  test("gradients of several blocks of rows are those of the layers one by one", async () => {
    const random = randomFrom(12);
    const draw = (shape: readonly number[]) => randomTensor(random, shape);
    const [x, seed, ...parameters] = [[numRows, 9], [numRows, 5], ...shapes].map(draw);
    await realize([x, seed, ...parameters]);
    const inputs = [x, ...parameters];
    const y = perceptron(x, parameters, stages) as Tensor;
    const found = gradients(y, inputs, seed);
    const { launches } = await explain(found);
    expect(launches.map(({ label }) => label)).toContain("perceptronRowsGradient");

    const [w0, b0, scale, shift, w1, b1] = parameters;
    const hidden = silu(layerNorm(linear(x, w0, b0), scale, shift, stages.epsilon));
    const want = gradients(linear(hidden, w1, b1).tanh(), inputs, seed);
    await realize([...found, ...want]);
    // sums of 130 terms below 10, each of which is a sum of 9 products
    for (const [which, gradient] of want.entries()) await assertClose(found[which], gradient, 2e-4);
  });
});

const rowsOf = (nodes: Tensor, ends: readonly Tensor[]) => ends.map((rows) => gather(nodes, rows));
