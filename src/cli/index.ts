/** The catalogue of verbs. */
import { cluster } from "./cluster.ts";
import { devices } from "./devices.ts";
import { evaluate } from "./eval.ts";
import { explain } from "./explain.ts";
import { infer } from "./infer.ts";
import { quickstart } from "./quickstart.ts";
import { reconstruct } from "./reconstruct.ts";
import { report } from "./reportRun.ts";
import { score } from "./score.ts";
import { simulate } from "./simulate.ts";
import { train } from "./train.ts";
import { view } from "./view.ts";

export const verbs = {
  cluster,
  devices,
  eval: evaluate,
  explain,
  infer,
  quickstart,
  reconstruct,
  report,
  score,
  simulate,
  train,
  view,
};
