import { expect, test } from "vitest";
import { defineKernel } from "../../src/engine/kernel.ts";
import { describeParts } from "../helpers/parts.ts";

describeParts("js");
describeParts("wasm");

test("a further result has axes that inputs or output name", () => {
  const spec = {
    name: "testParts",
    inputs: { x: "f32 [R, F]" },
    output: "f32 [R]",
    threads: () => 1,
    reference: () => {},
    wgsl: "",
  };
  expect(() => defineKernel({ ...spec, more: { sums: "f32 [F+1]" } })).not.toThrow();
  expect(() => defineKernel({ ...spec, more: { sums: "f32 [S]" } })).toThrow(
    "defineKernel(testParts): expected sums to have axes of R, F, got S",
  );
});
