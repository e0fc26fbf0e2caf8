/** The script of a thread that clusters: a task comes in, parts of it are done until there are none. */
import { parentPort } from "node:worker_threads";
import { doPart } from "../tracking/clustering/searchTask.ts";
import type { Answer, Order } from "./clusteringThreads.ts";

const answer = (message: Answer) => parentPort!.postMessage(message);

parentPort?.on("message", ({ task, thread }: Order) => {
  doPart(task, thread, (searched) => answer({ searched }));
  answer("done");
});
