import { describeRows } from "../helpers/rowProperties.ts";

describeRows("webgpu", { runs: 10, seed: 4 });
