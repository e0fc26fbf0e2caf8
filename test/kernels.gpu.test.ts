import { describeKernels } from "./helpers/kernelContract.ts";

// f32: a sum of 33 products is off by 33 · 2⁻²³ at most, an exponential by 1e-6, division by 3e-7
describeKernels("webgpu", { cases: 2, tolerance: 1e-5 });
