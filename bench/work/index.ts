/** All that `npm run bench` measures, in the order of its rows. */
import type { Workload } from "../workload.ts";
import { attentions } from "./attention.ts";
import { eggnet } from "./eggnet.ts";
import { elementwise } from "./elementwise.ts";
import { products } from "./matmul.ts";
import { messages } from "./messages.ts";
import { regressor } from "./regressor.ts";
import { roofs } from "./roofs.ts";
import { rows } from "./rows.ts";
import { searches } from "./search.ts";
import { segments } from "./segments.ts";
import { training } from "./training.ts";

export const workloads: readonly Workload[] = [
  ...roofs,
  ...products,
  ...elementwise,
  ...rows,
  ...attentions,
  ...segments,
  ...messages,
  ...searches,
  ...training,
  ...regressor,
  ...eggnet,
];
