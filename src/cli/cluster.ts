import { FormatError } from "../engine/errors.ts";
import { readWeights } from "../engine/formats/weights.ts";
import { readFileBytes, writeAtomic } from "../node/files.ts";
import {
  dbscanFit,
  hdbscanFit,
  type MetricName,
  type Points,
} from "../tracking/clustering/index.ts";
import { readCsv, writeCsv } from "../tracking/index.ts";
import { type ClusterOptions, clusterSettings, withClusterOptions } from "./clusterOptions.ts";
import {
  type CommonOptions,
  distance,
  print,
  say,
  UsageError,
  type Verb,
  withCommonOptions,
} from "./command.ts";
import { table } from "./table.ts";

interface Options extends CommonOptions, ClusterOptions {
  method: string;
  columns?: string[];
  tensor?: string;
  metric: MetricName;
  eps?: number;
  output?: string;
}

export const cluster: Verb = (program) => {
  const command = program
    .command("cluster <points>")
    .description(
      "labels for any table of points: CSV with a header, or a tensor [N, D] in safetensors",
    )
    .option("--method <name>", "hdbscan or dbscan", "hdbscan")
    .option("--eps <d>", "dbscan: how near neighbors are, inclusive", distance("--eps"))
    .option("--columns <a,b,…>", "coordinates among the columns; all by default", (text: string) =>
      text.split(","),
    )
    .option("--tensor <name>", "which tensor of a safetensors file; the only one by default")
    .option("--metric <name>", "euclidean, manhattan, chebyshev or cosine", "euclidean")
    .option(
      "-o, --output <file>",
      "writes row,label and probability,outlier_score or is_core there",
    );
  withClusterOptions(command);
  withCommonOptions(command).action(run);
};

async function run(file: string, options: Options): Promise<void> {
  const { method } = options;
  if (!Object.hasOwn(methods, method))
    throw new UsageError(`--method: expected ${Object.keys(methods).join(" or ")}, got ${method}`);
  const labelPoints = methods[method](options);
  const bytes = await readFileBytes(file);
  const points = file.endsWith(".safetensors")
    ? tensorPoints(bytes, file, options)
    : csvPoints(bytes, file, options);
  const { labels, columns, document } = labelPoints(points);
  const numNoise = labels.filter((label) => label < 0).length;
  const rows = { row: labels.map((_, row) => row), label: labels, ...columns };
  if (options.output !== undefined) writeAtomic(options.output, writeCsv(rows));
  const clusters = labels.reduce((most, label) => Math.max(most, label + 1), 0);
  const summary = { points: points.numPoints, clusters, noise: numNoise };
  print(options, { ...summary, labels: [...labels], ...document }, () =>
    table(["points", "clusters", "noise"], [Object.values(summary)]),
  );
}

interface Labelled {
  labels: Int32Array;
  columns: Record<string, Float64Array | Uint8Array>; // more of each point
  document: Record<string, number[]>; // more with --json
}

/** One row per method: checks its options, then labels points. */
const methods: Record<string, (options: Options) => (points: Points) => Labelled> = {
  hdbscan(options) {
    if (options.eps !== undefined)
      throw new UsageError("--eps: expected --method dbscan, got hdbscan");
    if (options.minSamples === undefined)
      say(
        options,
        "--min-samples not given: it follows --min-cluster-size, so both change the result together",
      );
    const settings = { ...clusterSettings(options), metric: options.metric };
    return (points) => {
      const { labels, probabilities, outlierScores, persistence } = hdbscanFit(points, settings);
      const columns = { probability: probabilities, outlier_score: outlierScores };
      return { labels, columns, document: { persistence: [...persistence] } };
    };
  },

  dbscan({ eps, minSamples = 5, metric, ...others }) {
    if (eps === undefined)
      throw new UsageError("--eps: expected a distance with --method dbscan, got none");
    for (const name of Object.keys(clusterSettings(others)))
      throw new UsageError(`${flagOf(name)}: expected --method hdbscan, got dbscan`);
    return (points) => {
      const { labels, isCore } = dbscanFit(points, { eps, minSamples, metric });
      return { labels, columns: { is_core: isCore }, document: { is_core: [...isCore] } };
    };
  },
};

/** minClusterSize → --min-cluster-size */
const flagOf = (name: string) => `--${name.replaceAll(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`;

function csvPoints(bytes: Uint8Array, file: string, { columns }: Options): Points {
  const where = `cluster: ${file}`;
  const header = new TextDecoder().decode(bytes.subarray(0, 65536)).split(/\r?\n/, 1)[0];
  const names = columns ?? header.split(",");
  const found = readCsv(bytes, Object.fromEntries(names.map((name) => [name, "f64" as const])), {
    where,
  });
  const values = names.map((name) => found[name]);
  const [numPoints, dim] = [values[0].length, names.length];
  const data = new Float64Array(numPoints * dim);
  for (const [d, column] of values.entries())
    for (let i = 0; i < numPoints; i++) data[i * dim + d] = column[i];
  return { data, numPoints, dim };
}

function tensorPoints(bytes: Uint8Array, file: string, { tensor }: Options): Points {
  const { tensors } = readWeights(bytes, file);
  const name = tensor ?? (tensors.size === 1 ? [...tensors.keys()][0] : undefined);
  const found = name === undefined ? undefined : tensors.get(name);
  if (found?.shape.length !== 2)
    throw new FormatError(
      `cluster: ${file}: expected a tensor [N, D]${name ? ` named ${name}` : " (--tensor NAME)"}, got ${[...tensors.keys()].join(", ")}`,
    );
  const [numPoints, dim] = found.shape;
  return { data: Float64Array.from(found.data as ArrayLike<number>, Number), numPoints, dim };
}
