import { expect, test } from "vitest";
import { type Tensor, tensor } from "../../src/index.ts";
import { useDevice } from "../helpers/backends.ts";

const device = useDevice("js");

test("a chain of 5000 elementwise ops is one launch, and right", async () => {
  let x: Tensor = tensor([0.5, -1, 2]);
  for (let i = 0; i < 2500; i++) x = x.mul(-1).add(i % 2 === 0 ? 1 : -2);
  const got = await x.data();
  expect(device().stats()).toMatchObject({ launches: 1, plans: 1, pipelines: 1 });
  // two rounds add −3: x → −x + 1 → x − 1 − 2
  expect([...got]).toEqual([0.5, -1, 2].map((v) => v - 3 * 1250));
});

test("a chain of views of views is one launch", async () => {
  let x: Tensor = tensor([1, 2, 3, 4, 5, 6], [2, 3]);
  for (let i = 0; i < 300; i++) x = x.transpose().add(1);
  const before = device().stats().launches;
  expect([...(await x.data())]).toEqual([301, 302, 303, 304, 305, 306]);
  expect(device().stats().launches - before).toBe(1);
});
