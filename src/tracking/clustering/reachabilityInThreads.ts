import { boruvkaRounds } from "./boruvka.ts";
import { byRow, unknownNeighborhoods } from "./coreDistances.ts";
import { foreignRounds } from "./foreignRounds.ts";
import { sharedMemory } from "./memory.ts";
import type { Points } from "./points.ts";
import {
  isBoruvkaFaster,
  locate,
  type Reachability,
  type ReachabilityOptions,
  reachability,
} from "./reachability.ts";
import type { SearchThreads } from "./searchTask.ts";

/**
 * `reachability`, with threads that search in shared memory: 16 bytes more per point and thread. The
 * same bits however many there are, because the spanning tree is unique and each distance is computed
 * by one of them, in the same order.
 */
export async function reachabilityInThreads(
  where: string,
  points: Points,
  rankOf: (numPoints: number) => number,
  options: ReachabilityOptions & { readonly threads: SearchThreads },
): Promise<Reachability> {
  const { threads, alpha, onProgress } = options;
  if (points.numPoints < threads.leastPoints || !isBoruvkaFaster(points))
    return reachability(where, points, rankOf, options);
  const { rows, data, tree } = locate(where, points, options, sharedMemory);
  const rank = rankOf(tree.numPoints);
  const around = unknownNeighborhoods(tree, rank, sharedMemory);
  const { metric: _, ...arrays } = tree;
  const shared = {
    tree: arrays,
    metric: { name: options.metric, p: options.p },
    around,
    taken: sharedMemory.i32(1),
  };
  let done = 0;
  const searched = (numPoints: number) => {
    done += numPoints;
    onProgress?.({ step: "core distances", done, total: tree.numPoints });
  };
  searched(0);
  await threads.run({ ...shared, step: "core distances", rank }, searched);

  const rounds = foreignRounds(tree, around.core, sharedMemory, threads.count);
  const steps = boruvkaRounds(tree, rounds, onProgress);
  for (;;) {
    const { done: isDone, value } = steps.next();
    if (isDone) return { rows, data, tree, core: byRow(tree, around.core), edges: value };
    shared.taken[0] = 0;
    const round = { rounds, alpha, waiting: value };
    await threads.run({ ...shared, ...round, step: "spanning tree" }, () => {});
  }
}
