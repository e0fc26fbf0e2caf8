import { describeGraphs } from "../helpers/graphProperties.ts";

describeGraphs("webgpu", { runs: 4, seed: 3 });
