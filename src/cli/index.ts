/** The catalogue of verbs. */
import { cluster } from "./cluster.ts";
import { devices } from "./devices.ts";
import { explain } from "./explain.ts";
import { reconstruct } from "./reconstruct.ts";
import { score } from "./score.ts";
import { train } from "./train.ts";

export const verbs = { cluster, devices, explain, reconstruct, score, train };
