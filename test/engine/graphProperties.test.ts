import { describeGraphs } from "../helpers/graphProperties.ts";

describeGraphs("js", { runs: 40, seed: 1 });
describeGraphs("js-f64", { runs: 40, seed: 2 });
describeGraphs("wasm", { runs: 40, seed: 4 });
