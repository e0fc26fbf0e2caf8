/** The methods of `trackgrad cluster`: one row each, options checked before any file is read. */
import {
  type ClusteringProgress,
  cutsOfSingleLinkage,
  dbscanAt,
  dbscanFit,
  hdbscanFitAsync,
  type MetricName,
  type Points,
} from "../tracking/clustering/index.ts";
import { withClusteringThreads } from "./clusteringThreads.ts";
import { type ClusterOptions, clusterSettings } from "./clusterOptions.ts";
import { type CommonOptions, say, UsageError } from "./command.ts";
import { progress } from "./progress.ts";

export interface MethodOptions extends CommonOptions, ClusterOptions {
  metric: MetricName;
  eps?: number[];
  cut?: number[];
}

/** The labels at one radius or cut. */
export interface Labelled {
  labels: Int32Array;
  at: Record<string, number>; // which of a scan this is
  columns: Record<string, Float64Array | Uint8Array>; // more of each point
  document: Record<string, number[]>; // more with --json
}

type Method = (options: MethodOptions) => (points: Points) => Promise<Labelled[]>;

export const methods: Record<string, Method> = {
  hdbscan(options) {
    refuse(options.eps, "--eps", "dbscan or cc", "hdbscan");
    if (options.minSamples === undefined)
      say(
        options,
        "--min-samples not given: it follows --min-cluster-size, so both change the result together",
      );
    const { metric, cut, minClusterSize = 5 } = options;
    return async (points) => {
      const bars = progressBars(options, points.numPoints);
      const settings = { ...clusterSettings(options), metric, onProgress: bars.show };
      const { labels, probabilities, outlierScores, persistence, ...fit } =
        await withClusteringThreads(options, (threads) =>
          hdbscanFitAsync(points, { ...settings, threads }),
        ).finally(bars.stop);
      if (cut !== undefined)
        return cutsOfSingleLinkage(fit.singleLinkage, cut, minClusterSize).map((found, i) => {
          const spread = new Int32Array(points.numPoints).fill(-1);
          fit.rows.forEach((row, k) => {
            spread[row] = found[k];
          });
          return { labels: spread, at: { cut: cut[i] }, columns: {}, document: {} };
        });
      const columns = { probability: probabilities, outlier_score: outlierScores };
      return [{ labels, at: {}, columns, document: { persistence: [...persistence] } }];
    };
  },

  dbscan(options) {
    const { minSamples = 5 } = options;
    return scan("dbscan", options, minSamples);
  },

  /** Connected components of the points no farther apart than eps. */
  cc(options) {
    refuse(options.minSamples, "--min-samples", "hdbscan or dbscan", "cc");
    return scan("cc", options, 1);
  },
};

function scan(method: string, options: MethodOptions, minSamples: number): ReturnType<Method> {
  const { eps, metric, cut, minSamples: _, ...others } = options;
  if (eps === undefined)
    throw new UsageError(`--eps: expected a distance with --method ${method}, got none`);
  refuse(cut, "--cut", "hdbscan", method);
  for (const [name, value] of Object.entries(clusterSettings(others)))
    refuse(value, flagOf(name), "hdbscan", method);
  return async (points) => {
    // of one radius the points themselves are enough, several share a tree
    const at =
      eps.length === 1
        ? (radius: number) => dbscanFit(points, { eps: radius, minSamples, metric })
        : dbscanAt(points, { minSamples, metric });
    return eps.map((radius) => {
      const { labels, isCore } = at(radius);
      return {
        labels,
        at: eps.length === 1 ? {} : { eps: radius },
        columns: { is_core: isCore },
        document: { is_core: [...isCore] },
      };
    });
  };
}

function refuse(value: unknown, flag: string, wanted: string, method: string): void {
  if (value !== undefined)
    throw new UsageError(`${flag}: expected --method ${wanted}, got ${method}`);
}

/** minClusterSize → --min-cluster-size */
const flagOf = (name: string) => `--${name.replaceAll(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`;

const manyPoints = 100_000; // fewer take seconds

/** A bar per step, for what takes long. */
function progressBars(options: CommonOptions, numPoints: number) {
  let bar: ReturnType<typeof progress> | undefined;
  let shown = "";
  const stop = () => bar?.stop();
  const show = ({ step, done, total }: ClusteringProgress) => {
    if (numPoints <= manyPoints) return;
    if (step !== shown) {
      stop();
      bar = progress(options, step, total);
      shown = step;
    }
    bar?.at(done);
  };
  return { show, stop };
}
