import { describe, expect, test } from "vitest";
import {
  attention,
  concat,
  crossAttention,
  EncoderLayer,
  explain,
  gradients,
  indices,
  matmul,
  Rng,
  realize,
  softmax,
  type Tensor,
  tensor,
  zeros,
} from "../../src/index.ts";
import { assertClose, randomFrom, randomTensor } from "../../src/testing/index.ts";
import { useDevice } from "../helpers/backends.ts";

const random = randomFrom(3);
const draw = (...shape: number[]) => randomTensor(random, shape);
const rounding = 1e-12; // sums of a dozen terms in double precision

describe("in double precision", () => {
  useDevice("js-f64");

  test("events in one list are as if each was alone, and values of other events do not matter", async () => {
    const qkv = draw(1, 9, 3, 2, 4);
    const offsets = indices([0, 4, 4, 9]);
    const together = attention(qkv, null, { offsets });
    const alone = [
      [0, 4],
      [4, 9],
    ].map(([first, end]) => attention(qkv.slice([null, [first, end]])));
    await assertClose(together, concat(alone, 1), rounding);
    const [ofFirst] = gradients(together.slice([null, [0, 4]]).sum(), [qkv]);
    await assertClose(ofFirst.slice([null, [4, 9]]), zeros([1, 5, 3, 2, 4]), 0);
  });

  test("dropout is that of the generator's next numbers, forward and backward", async () => {
    const [q, k, v] = [draw(2, 3, 2, 4), draw(2, 5, 2, 4), draw(2, 5, 2, 4)];
    const seed = draw(2, 3, 2, 4);
    const y = crossAttention(q, k, v, { dropout: { probability: 0.4, rng: new Rng(11) } });
    const isKept = new Rng(11).uniform([2, 2, 3, 5]).greaterEqual(0.4);
    const byHead = (x: Tensor) => x.permute([0, 2, 1, 3]);
    const weights = softmax(matmul(byHead(q), byHead(k), { transposeB: true }).mul(0.5));
    const spelledOut = byHead(matmul(isKept.select(weights.mul(1 / 0.6), 0), byHead(v)));
    await assertClose(y, spelledOut, rounding);
    const [found, expected] = [y, spelledOut].map((of) => gradients(of, [q, k, v], seed));
    await realize([...found, ...expected]);
    for (const [which, gradient] of expected.entries())
      await assertClose(found[which], gradient, rounding);
  });

  test("a row whose keys are all masked is 0, and gives and receives nothing", async () => {
    const [q, k, v, bias] = [
      draw(2, 2, 1, 3),
      draw(2, 3, 1, 3),
      draw(2, 3, 1, 3),
      draw(1, 1, 2, 3),
    ];
    const mask = tensor([0, 1, 0, 1, 1, 1], [2, 3], { dtype: "bool" });
    const y = crossAttention(q, k, v, { mask, bias });
    await assertClose(y.slice([[1, 2]]), zeros([1, 2, 1, 3]), 0);
    const found = gradients(y.sum(), [q, k, v]);
    for (const gradient of found)
      await assertClose(gradient.slice([[1, 2]]), zeros([1, gradient.shape[1], 1, 3]), 0);
  });

  test("a bias with packed tokens is that of separate ones", async () => {
    const [qkv, bias] = [draw(2, 4, 3, 2, 3), draw(1, 2, 4, 4)];
    const [q, k, v] = [0, 1, 2].map((which) =>
      qkv.slice([null, null, [which, which + 1]]).reshape([2, 4, 2, 3]),
    );
    await assertClose(attention(qkv, null, { bias }), crossAttention(q, k, v, { bias }), rounding);
  });
});

test("an encoder layer drops while training, the same in a repeated pass, and not else", async () => {
  const layer = new EncoderLayer({
    ...{ width: 8, numHeads: 2, hiddenDim: 16, dropout: 0.5 },
    rng: new Rng(1),
  });
  const x = draw(1, 6, 8);
  const run = (seed?: number) =>
    layer.forward(x, null, seed === undefined ? undefined : { rng: new Rng(seed) }).data();
  expect(await run(1)).toEqual(await run(1));
  expect(await run(1)).not.toEqual(await run(2));
  expect(await run()).not.toEqual(await run(1));
  expect(await run()).toEqual(await run());
});

test("forward and backward take three launches, four with the gradient of a bias", async () => {
  const [q, k, v, bias] = [draw(1, 5, 2, 4), draw(1, 7, 2, 4), draw(1, 7, 2, 4), draw(1, 1, 5, 7)];
  const seed = draw(1, 5, 2, 4);
  const labels = async (inputs: Tensor[]) => {
    const y = crossAttention(q, k, v, { bias });
    const { launches } = await explain([y, ...gradients(y, inputs, seed)]);
    return launches.map(({ label }) => label);
  };
  expect(await labels([q, k, v])).toHaveLength(3);
  expect(await labels([q, k, v, bias])).toHaveLength(4);
});

test("what does not fit is named", () => {
  const [q, k] = [zeros([2, 3, 1, 4]), zeros([2, 5, 1, 4])];
  expect(() => crossAttention(q, k, q)).toThrow(
    "crossAttention: expected q [B, M, H, D], k and v [B, N, H, D], got [2, 3, 1, 4], [2, 5, 1, 4], [2, 3, 1, 4]",
  );
  expect(() => crossAttention(q, k, k, { bias: zeros([2, 1, 3, 4]) })).toThrow(
    "crossAttention(bias): expected [1 or 2, 1, 3, 5], got [2, 1, 3, 4]",
  );
  expect(() => crossAttention(q, k, k, { offsets: indices([0, 5]) })).toThrow(
    "crossAttention(offsets): expected [S+1] and one list of tokens (B = 1, M = N), got [2], B = 2, M = 3, N = 5",
  );
  expect(() => crossAttention(q, k, k, { dropout: { probability: 1, rng: new Rng(1) } })).toThrow(
    "crossAttention(dropout): expected a probability in [0, 1), got 1",
  );
});
