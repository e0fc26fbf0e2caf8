import { threadsFor } from "../engine/runtime/open.ts";
import { ClusteringThreads } from "../node/clusteringThreads.ts";
import { nodeThreads } from "../node/threads.ts";
import type { CommonOptions } from "./command.ts";

/** Runs a task with as many threads to cluster with as `--threads` says, which end with it; none for one. */
export async function withClusteringThreads<T>(
  { threads: asked }: CommonOptions,
  task: (threads: ClusteringThreads | undefined) => Promise<T>,
): Promise<T> {
  const { count } = threadsFor({ threadHost: nodeThreads, ...(asked && { threads: asked }) });
  if (count === 1) return task(undefined);
  const threads = new ClusteringThreads({ count });
  try {
    return await task(threads);
  } finally {
    await threads.close();
  }
}
