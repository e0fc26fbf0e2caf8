/** Steps follow one another without waiting for results on their way, but not without end. */
import { expect, test, vi } from "vitest";
import { realize, tensor } from "../../src/index.ts";
import { openWatched } from "../helpers/watchedGpu.ts";

vi.stubEnv("TG_VERIFY", "0"); // it would wait for every launch

test("at most three submissions are under way, and steps do overlap", async () => {
  const { device, log } = await openWatched();
  let x = tensor(new Float32Array(2 ** 16));
  for (let step = 0; step < 20; step++) {
    x = x.add(1).sin();
    await realize([x]);
  }
  await device.close();
  let most = 0;
  let underWay = 0;
  for (const event of log) {
    if (event === "submit") most = Math.max(most, ++underWay);
    if (event === "done") underWay--;
  }
  expect(most).toBeGreaterThan(1);
  expect(most).toBeLessThanOrEqual(3);
});

test("a value that is read back does not hold up the steps after it", async () => {
  const { device, log, holdMaps } = await openWatched();
  const release = holdMaps();
  const loss = tensor([1, 2, 3]).sum();
  const reading = loss.item();
  const next = tensor([4, 5]).mul(2);
  await realize([next]); // would wait for ever if reading held its turn
  expect(log.filter((event) => event === "submit")).toHaveLength(3); // of two steps and a copy
  release();
  expect(await reading).toBe(6);
  await device.close();
});

test("staging memory is used again, also by values of other sizes", async () => {
  const { device, log } = await openWatched();
  for (const size of [1, 30, 64, 7]) await tensor(new Float32Array(size)).add(1).data();
  expect(log.filter((event) => event === "staging")).toHaveLength(1);
  await tensor(new Float32Array(65)).add(1).data();
  expect(log.filter((event) => event === "staging")).toHaveLength(2);
  await Promise.all([1, 2, 3].map((x) => tensor([x]).add(1).data()));
  expect(log.filter((event) => event === "staging").length).toBeLessThanOrEqual(4);
  await device.close();
});
