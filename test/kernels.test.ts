import { expect, test } from "vitest";
import { kernels } from "../kernels/index.ts";
import { kernelNamed } from "../src/engine/kernel.ts";
import "../src/index.ts";
import { describeKernels } from "./helpers/kernelContract.ts";

// double precision: reference and composition differ in the order of sums at most
describeKernels("js-f64", { cases: 8, tolerance: 1e-13 });
// f32: a sum of 33 products is off by 33 · 2⁻²⁴ at most, an exponential by 1e-6, division by 2⁻²⁴
describeKernels("wasm", { cases: 8, tolerance: 5e-6 });

test("the package puts every kernel of the catalogue to work, under its own name", () => {
  for (const [name, kernel] of Object.entries(kernels)) {
    expect(kernel.name).toBe(name);
    expect(kernelNamed(name)).toBe(kernel);
  }
});
