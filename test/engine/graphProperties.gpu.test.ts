import { describeGraphs } from "../helpers/graphProperties.ts";

describeGraphs("webgpu", { runs: 8, seed: 3 });
