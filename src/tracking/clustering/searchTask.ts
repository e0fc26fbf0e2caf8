/** The slow steps of HDBSCAN, cut into parts that threads take in turn from memory that they share. */
import { type Neighborhoods, neighborhoodSearch } from "./coreDistances.ts";
import type { ForeignRounds } from "./foreignRounds.ts";
import { foreignSearch } from "./foreignSearch.ts";
import { type KdTree, leavesOf } from "./kdTree.ts";
import { type MetricName, metricOf } from "./metrics.ts";

/** What can be sent to a thread: functions cannot, so the metric goes by name. */
interface InSharedMemory {
  readonly tree: Omit<KdTree, "metric">;
  readonly metric: { readonly name: MetricName; readonly p: number };
  readonly around: Neighborhoods;
  /** i32 [1] What comes before is taken. */
  readonly taken: Int32Array;
}

/** Look around all points, or look for foreign ones from all leaves: see boruvka.ts. */
export type SearchTask =
  | (InSharedMemory & { readonly step: "core distances"; readonly rank: number })
  | (InSharedMemory & {
      readonly step: "spanning tree";
      readonly alpha: number;
      readonly rounds: ForeignRounds;
      readonly waiting: number;
    });

/**
 * Threads that search together, each with `doPart` of searchTask.ts; `clusteringThreads` of trackgrad/node
 * starts them.
 */
export interface SearchThreads {
  readonly count: number;
  /** Of fewer points, one thread is done before others are told. */
  readonly leastPoints: number;
  /** Resolves when nothing of the task is left; hears how many more points were searched. */
  run(task: SearchTask, onSearched: (numPoints: number) => void): Promise<void>;
}

/** A fraction of a second in many dimensions, and much longer than taking it. */
const partOfPoints = 512;
const partOfLeaves = 32;

/** What thread number `thread` does: parts of the task, while there are any. */
export function doPart(
  task: SearchTask,
  thread: number,
  onSearched: (numPoints: number) => void,
): void {
  const tree: KdTree = { ...task.tree, metric: metricOf(task.metric.name, task.metric.p) };
  if (task.step === "core distances") {
    const look = neighborhoodSearch(tree, task.rank, task.around);
    takeParts(task.taken, tree.numPoints, partOfPoints, (from, to) => {
      look(from, to);
      onSearched(to - from);
    });
    return;
  }
  const { around, alpha, rounds, waiting, taken } = task;
  const lookFrom = foreignSearch(tree, around, alpha, rounds, rounds.best[thread]);
  const leaves = leavesOf(tree);
  takeParts(taken, leaves.length, partOfLeaves, (from, to) => {
    for (const leaf of leaves.subarray(from, to)) lookFrom(leaf, waiting);
  });
}

function takeParts(
  taken: Int32Array,
  total: number,
  part: number,
  work: (from: number, to: number) => void,
): void {
  for (;;) {
    const from = Atomics.add(taken, 0, part);
    if (from >= total) return;
    work(from, Math.min(total, from + part));
  }
}
