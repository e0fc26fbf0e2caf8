/**
 * HDBSCAN under many settings: points are looked around once, one spanning tree is grown for each
 * minSamples, and every other setting only reads its dendrogram again.
 */

import { byRow, neighborhoodsAt } from "./coreDistances.ts";
import { clusterDendrogram, rankOfCore } from "./hdbscan.ts";
import { completeOptions, type HdbscanOptions } from "./hdbscanOptions.ts";
import type { Points } from "./points.ts";
import { boruvkaOrPrim, locate } from "./reachability.ts";
import { singleLinkage } from "./singleLinkage.ts";

/** Every combination of these is tried. */
export interface HdbscanGrid {
  readonly minClusterSize: readonly number[];
  /** Default: that of the fixed options. */
  readonly minSamples?: readonly number[];
  readonly clusterSelectionEpsilon?: readonly number[];
}

export interface HdbscanSetting {
  readonly minClusterSize: number;
  readonly minSamples: number;
  readonly clusterSelectionEpsilon: number;
}

/**
 * Labels i32 [N] under every combination of the grid, one at a time: what `hdbscan` finds. A combination
 * is a new object each time, labels too.
 */
export function* hdbscanScan(
  points: Points,
  grid: HdbscanGrid,
  fixed: HdbscanOptions = {},
): Generator<{ setting: HdbscanSetting; labels: Int32Array }> {
  const settings = settingsOf(grid, fixed);
  for (const setting of settings) completeOptions({ ...fixed, ...setting }); // refuses early
  const { alpha, metric, p, canonicalOrder } = completeOptions(fixed);
  const { rows, data, tree } = locate("hdbscanScan", points, { metric, p, canonicalOrder });
  const ranks = Array.from(new Set(settings.map(({ minSamples }) => minSamples)));
  const around = neighborhoodsAt(
    tree,
    ranks.map((minSamples) => rankOfCore(rows.length, minSamples)),
  );
  for (const [i, minSamples] of ranks.entries()) {
    const core = byRow(tree, around[i].core);
    const dendrogram = singleLinkage(boruvkaOrPrim(tree, data, around[i], core, alpha));
    for (const setting of settings) {
      if (setting.minSamples !== minSamples) continue;
      const found = clusterDendrogram(dendrogram, { ...fixed, ...setting });
      const labels = new Int32Array(points.numPoints).fill(-1);
      rows.forEach((row, k) => {
        labels[row] = found.labels[k];
      });
      yield { setting, labels };
    }
  }
}

function settingsOf(grid: HdbscanGrid, fixed: HdbscanOptions): HdbscanSetting[] {
  const { minClusterSize, minSamples, clusterSelectionEpsilon } = grid;
  const epsilons = clusterSelectionEpsilon ?? [fixed.clusterSelectionEpsilon ?? 0];
  return minClusterSize.flatMap((size) =>
    (minSamples ?? [fixed.minSamples ?? size]).flatMap((samples) =>
      epsilons.map((epsilon) => ({
        minClusterSize: size,
        minSamples: samples,
        clusterSelectionEpsilon: epsilon,
      })),
    ),
  );
}
