import { ShapeError } from "../../engine/errors.ts";
import type { MetricName } from "./metrics.ts";
import type { ClusteringProgress } from "./progress.ts";

export interface HdbscanOptions {
  /** Fewest points of a cluster. Default 5. */
  readonly minClusterSize?: number;
  /** The neighbor whose distance is the core distance; larger is smoother. Default minClusterSize. */
  readonly minSamples?: number;
  /** Divides distances, not core distances: above 1, clusters merge more easily. Default 1. */
  readonly alpha?: number;
  /** Default "euclidean". Rows without a direction are noise under "cosine". */
  readonly metric?: MetricName;
  /** Exponent of "minkowski". Default 2. */
  readonly p?: number;
  /** "eom" (default): the most persistent clusters; "leaf": the finest. */
  readonly clusterSelectionMethod?: "eom" | "leaf";
  /** Splits closer than this distance are undone. Default 0. */
  readonly clusterSelectionEpsilon?: number;
  /** "eom" takes no cluster born farther than this distance. Default ∞. */
  readonly clusterSelectionEpsilonMax?: number;
  /** Splits that span less density (lambda) than this are undone. Default 0. */
  readonly clusterSelectionPersistence?: number;
  /** "eom" takes no cluster of more points. Default ∞. */
  readonly maxClusterSize?: number;
  /** All points may be one cluster; give an epsilon too, or only its densest core is. Default false. */
  readonly allowSingleCluster?: boolean;
  /**
   * Ties go to the point with the smaller coordinates instead of the lower row, so that labels do not
   * depend on the order of the points. Default false.
   */
  readonly canonicalOrder?: boolean;
  /** Called now and then while the slow steps run. */
  readonly onProgress?: (progress: ClusteringProgress) => void;
}

/** All that decides the result. */
export type HdbscanSettings = Required<Omit<HdbscanOptions, "onProgress">>;

/** Fills in the defaults and refuses what makes no sense. */
export function completeOptions(options: HdbscanOptions): HdbscanSettings {
  const { minClusterSize = 5 } = options;
  const settings = {
    minClusterSize,
    minSamples: options.minSamples ?? minClusterSize,
    alpha: options.alpha ?? 1,
    metric: options.metric ?? "euclidean",
    p: options.p ?? 2,
    clusterSelectionMethod: options.clusterSelectionMethod ?? "eom",
    clusterSelectionEpsilon: options.clusterSelectionEpsilon ?? 0,
    clusterSelectionEpsilonMax: options.clusterSelectionEpsilonMax ?? Infinity,
    clusterSelectionPersistence: options.clusterSelectionPersistence ?? 0,
    maxClusterSize: options.maxClusterSize ?? Infinity,
    allowSingleCluster: options.allowSingleCluster ?? false,
    canonicalOrder: options.canonicalOrder ?? false,
  } satisfies HdbscanSettings;

  const expect = (name: keyof HdbscanSettings, isRight: boolean, wanted: string) => {
    if (!isRight)
      throw new ShapeError(`hdbscan(${name}): expected ${wanted}, got ${settings[name]}`);
  };
  const { minSamples, clusterSelectionMethod: method } = settings;
  expect(
    "minClusterSize",
    Number.isInteger(minClusterSize) && minClusterSize >= 2,
    "an integer ≥ 2",
  );
  expect("minSamples", Number.isInteger(minSamples) && minSamples >= 1, "an integer ≥ 1");
  expect("alpha", settings.alpha > 0 && settings.alpha < Infinity, "a number > 0");
  expect("clusterSelectionMethod", method === "eom" || method === "leaf", '"eom" or "leaf"');
  expect("clusterSelectionEpsilon", settings.clusterSelectionEpsilon >= 0, "a distance ≥ 0");
  expect("clusterSelectionEpsilonMax", settings.clusterSelectionEpsilonMax >= 0, "a distance ≥ 0");
  expect("clusterSelectionPersistence", settings.clusterSelectionPersistence >= 0, "a number ≥ 0");
  expect("maxClusterSize", settings.maxClusterSize >= 1, "a number ≥ 1");
  return settings;
}
