/** Processes that use a device and end, one way or another. */
import { join } from "node:path";
import { expect, test } from "vitest";
import { runChild } from "../node/child.ts";

const script = join(import.meta.dirname, "children/device.ts");

async function ended(way: string) {
  const { code, signal, stdout, stderr } = await runChild(script, {
    args: [way],
    flags: ["--expose-gc"],
  });
  expect({ code, signal, stderr }).toMatchObject({ code: 0, signal: null });
  return JSON.parse(stdout);
}

test("a process that closes its device ends by itself, after forced collection", async () => {
  expect(await ended("close")).toEqual({ result: 4 * 2 * 4, way: 32 });
});

test("a process that leaves its device open ends too", async () => {
  expect(await ended("leave")).toEqual({ result: 32, way: "left open" });
});

test.each(["lose", "loseReading"])(
  "a device lost at work is a DeviceLostError, then and later: %s",
  async (way) => {
    const { way: outcomes } = await ended(way);
    const [first, ...later] = outcomes;
    const isLost =
      /^DeviceLostError: webgpu: expected a working device, got a lost one \(destroyed: .*; open another and upload again\)$/;
    if (first !== "done") expect(first).toMatch(isLost); // it may have been done before the device went
    for (const error of later) expect(error).toMatch(isLost);
  },
);
