import { FormatError } from "../engine/errors.ts";
import { readWeights } from "../engine/formats/weights.ts";
import { readFileBytes, writeAtomic } from "../node/files.ts";
import { hdbscanFit, type Points } from "../tracking/clustering/index.ts";
import { readCsv, writeCsv } from "../tracking/index.ts";
import { type ClusterOptions, clusterSettings, withClusterOptions } from "./clusterOptions.ts";
import {
  type CommonOptions,
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
  metric?: "euclidean" | "manhattan" | "chebyshev" | "cosine";
  output?: string;
}

export const cluster: Verb = (program) => {
  const command = program
    .command("cluster <points>")
    .description(
      "labels for any table of points: CSV with a header, or a tensor [N, D] in safetensors",
    )
    .option("--method <name>", "hdbscan", "hdbscan")
    .option("--columns <a,b,…>", "coordinates among the columns; all by default", (text: string) =>
      text.split(","),
    )
    .option("--tensor <name>", "which tensor of a safetensors file; the only one by default")
    .option("--metric <name>", "euclidean, manhattan, chebyshev or cosine", "euclidean")
    .option("-o, --output <file>", "writes row,label,probability,outlier_score there");
  withClusterOptions(command);
  withCommonOptions(command).action(run);
};

async function run(file: string, options: Options): Promise<void> {
  if (options.method !== "hdbscan")
    throw new UsageError(`--method: expected hdbscan, got ${options.method}`);
  const bytes = await readFileBytes(file);
  const points = file.endsWith(".safetensors")
    ? tensorPoints(bytes, file, options)
    : csvPoints(bytes, file, options);
  if (options.minSamples === undefined)
    say(
      options,
      "--min-samples not given: it follows --min-cluster-size, so both change the result together",
    );
  const { labels, probabilities, outlierScores, persistence } = hdbscanFit(points, {
    ...clusterSettings(options),
    metric: options.metric ?? "euclidean",
  });
  const numNoise = labels.filter((label) => label < 0).length;
  const rows = {
    row: labels.map((_, row) => row),
    label: labels,
    probability: probabilities,
    outlier_score: outlierScores,
  };
  if (options.output !== undefined) writeAtomic(options.output, writeCsv(rows));
  const summary = { points: points.numPoints, clusters: persistence.length, noise: numNoise };
  const document = { ...summary, labels: [...labels], persistence: [...persistence] };
  print(options, document, () => table(["points", "clusters", "noise"], [Object.values(summary)]));
}

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
