import { expect, test } from "vitest";
import { kernels } from "../kernels/index.ts";
import { kernelNamed } from "../src/engine/kernel.ts";
import "../src/index.ts";
import { describeKernels } from "./helpers/kernelContract.ts";

// double precision: reference and composition differ in the order of sums at most
describeKernels("js-f64", { cases: 8, tolerance: 1e-13 });

test("the package puts every kernel of the catalogue to work, under its own name", () => {
  for (const [name, kernel] of Object.entries(kernels)) {
    expect(kernel.name).toBe(name);
    expect(kernelNamed(name)).toBe(kernel);
  }
});
