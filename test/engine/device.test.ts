import { expect, test } from "vitest";
import { DeviceError, full, ones, openDevice, realize, tensor } from "../../src/index.ts";
import { useDevice } from "../helpers/backends.ts";

const device = useDevice("js");

test("data uploaded for a late launch does not land in memory that an early launch still writes", async () => {
  const table = (scale: number) => tensor(Float32Array.from({ length: 8 }, (_, i) => scale * i));
  // launches 1 to 3: two sums, freed together after the third
  const sums = [tensor([1, 2, 3, 4], [2, 2]), tensor([5, 6, 7, 8], [2, 2])].map((x) =>
    x.sum({ axes: 0 }),
  );
  const early = sums[0]!.mul(sums[1]!).sum(); // 4·12 + 6·14
  // launch 4 takes one of their buffers for its result, and uploads the table into the other
  const late = table(1).mul(early).sum();
  expect(await late.item()).toBe(28 * (4 * 12 + 6 * 14));
});

test("a graph that does not fit leaves no memory behind", async () => {
  const before = device().stats().bytesLive;
  const fits = ones([100]).sum({ keepAxes: true });
  const error = await fits
    .expand([2 ** 20])
    .reshape([2 ** 20, 1])
    .mul(ones([1, 2 ** 14]))
    .data()
    .then(
      () => null,
      (e: Error) => e,
    );
  expect(error).toBeInstanceOf(DeviceError);
  expect(error?.message).toBe(
    "js(mul): expected a buffer of at most 4294967296 B, got 68719476736 B (f32 [1048576, 16384])",
  );
  expect(device().stats().bytesLive).toBe(before);
});

test("work asked for before close is done, after it is refused", async () => {
  const other = await openDevice({ backend: "js" });
  const x = full([3], 2).add(tensor([1, 2, 3], [3], { device: other }));
  const y = full([3], 3).add(tensor([1, 2, 3], [3], { device: other }));
  const early = x.data();
  const closed = other.close();
  const late = y.data();
  const message = "js: expected an open device, got a closed one";
  await expect(late).rejects.toThrow(new DeviceError(message));
  expect([...(await early)]).toEqual([3, 4, 5]);
  await closed;
  await expect(realize([y])).rejects.toThrow(message);
  await other.close();
});
