import { describeRows } from "../helpers/rowProperties.ts";

describeRows("js", { runs: 60, seed: 1 });
describeRows("js-f64", { runs: 60, seed: 2 });
describeRows("wasm", { runs: 30, seed: 3 });
