import { describeOps } from "../helpers/opProperties.ts";

// every sample is a shader to compile, so few of each: another seed tries others
describeOps("webgpu", { runs: 2, seed: 3 });
