import { expect, test } from "vitest";
import { RecentlyUsed } from "../../src/engine/runtime/recentlyUsed.ts";
import { type Tensor, tensor } from "../../src/index.ts";
import { useDevice } from "../helpers/backends.ts";

const device = useDevice("js");

test("of more entries than there is room for, those used last stay", () => {
  const entries = new RecentlyUsed<number>(2);
  entries.set("a", 1);
  entries.set("b", 2);
  expect(entries.get("a")).toBe(1);
  entries.set("c", 3);
  expect([entries.get("a"), entries.get("b"), entries.get("c")]).toEqual([1, undefined, 3]);
  entries.delete("a");
  entries.set("d", 4);
  expect([entries.get("c"), entries.get("d")]).toEqual([3, 4]);
});

test("a structure that was not used for 512 others is planned again, from compiled programs", async () => {
  const chain = async (length: number) => {
    let x: Tensor = tensor([1]);
    for (let i = 0; i < length; i++) x = i % 2 ? x.neg() : x.exp();
    await x.data();
  };
  // no launch of their own: reshapes and slices of nothing but an input, told apart by their number
  const other = async (count: number) => {
    let x: Tensor = tensor([1, 2, 3]);
    for (let i = 0; i < count; i++) x = x.stopGradient();
    await x.data();
  };
  await chain(3);
  const first = device().stats();
  await chain(3);
  expect(device().stats().plans).toBe(first.plans);
  for (let count = 1; count <= 512; count++) await other(count);
  const { plans, pipelines } = device().stats();
  expect(plans).toBe(first.plans + 512);
  await chain(3);
  expect(device().stats()).toMatchObject({ plans: plans + 1, pipelines });
  await other(512);
  expect(device().stats().plans).toBe(plans + 1);
});
