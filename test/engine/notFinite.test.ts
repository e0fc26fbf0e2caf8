/** Which op gave the first value that is not finite. */
import { expect, test } from "vitest";
import {
  currentDevice,
  findNotFinite,
  gather,
  gradients,
  indices,
  segmentSum,
  segmentsOf,
  showNotFinite,
  softmax,
  tensor,
} from "../../src/index.ts";
import { useDevice } from "../helpers/backends.ts";

useDevice("js");

const said = async (...outputs: Parameters<typeof findNotFinite>[0]) => {
  const found = await findNotFinite(outputs);
  return found && showNotFinite(found);
};

test("of a chain, the first op without a number; not those that pass it on, nor others beside it", async () => {
  const x = tensor([4, 9, 1, 0], [2, 2]);
  const log = x.sub(3).log();
  const beside = x.neg().log();
  const y = softmax(log.add(x)).mul(2).sum();
  expect(await said(y)).toBe("log f32 [2, 2] at [1, 0] is NaN, of sub [2, 2] from -3 to 6");
  expect(await said(y.stopGradient(), beside)).toContain("log f32 [2, 2] at [1, 0]");
  expect(await said(x.exp().sum())).toBeNull();
  const guarded = x.greater(5).select(log, 0);
  expect(await said(guarded.max())).toBeNull(); // the elements without a number are not chosen
});

test("infinity is found where nothing is NaN, values that were there are named", async () => {
  const big = tensor([1e30, 2], [2]).named("momentum");
  expect(await said(big.square().sum())).toBe(
    "square f32 [2] at [0] is Infinity, of input [2] from 2 to 1.0000000150474662e+30",
  );
  const bad = tensor([1, Number.NaN], [2]).named("momentum");
  expect(await said(bad.exp().sum())).toBe("momentum (input) f32 [2] at [1] is NaN");
});

test("gradients through gathered rows and segments are looked into; nothing stays computed", async () => {
  const x = tensor([1, 2, 0, 4], [4]);
  const rows = segmentsOf(indices([0, 0, 1]), 2);
  const y = segmentSum(
    gather(x, indices([0, 2, 2]))
      .reciprocal()
      .reshape([3, 1]),
    rows,
  ).sum();
  const [dx] = gradients(y, [x]);
  const found = await findNotFinite([dx]);
  const { bytesLive } = (await currentDevice()).stats(); // of the inputs
  expect(await findNotFinite([dx])).toEqual(found);
  expect([found?.op, found?.value]).toEqual(["reciprocal", Infinity]);
  expect(`${dx}`).toContain("lazy");
  expect((await currentDevice()).stats().bytesLive).toBe(bytesLive);
  expect(Array.from(await dx.data())[0]).toBe(-1);
});
