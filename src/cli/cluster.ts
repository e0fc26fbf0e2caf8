import { FormatError } from "../engine/errors.ts";
import { readWeights } from "../engine/formats/weights.ts";
import { readFileBytes, writeAtomic } from "../node/files.ts";
import type { Points } from "../tracking/clustering/index.ts";
import { readCsv, writeCsv } from "../tracking/index.ts";
import { type Labelled, type MethodOptions, methods } from "./clusterMethods.ts";
import { withClusterOptions } from "./clusterOptions.ts";
import { distances, print, UsageError, type Verb, withCommonOptions } from "./command.ts";
import { table } from "./table.ts";

interface Options extends MethodOptions {
  method: string;
  columns?: string[];
  tensor?: string;
  output?: string;
}

export const cluster: Verb = (program) => {
  const command = program
    .command("cluster <points>")
    .description(
      "labels for any table of points: CSV with a header, or a tensor [N, D] in safetensors",
    )
    .option("--method <name>", Object.keys(methods).join(", "), "hdbscan")
    .option(
      "--eps <d,…>",
      "dbscan and cc: how near neighbors are, inclusive; several radii are one scan",
      distances("--eps"),
    )
    .option(
      "--cut <d,…>",
      "hdbscan: cuts of the single-linkage tree instead of the most persistent clusters",
      distances("--cut"),
    )
    .option("--columns <a,b,…>", "coordinates among the columns; all by default", (text: string) =>
      text.split(","),
    )
    .option("--tensor <name>", "which tensor of a safetensors file; the only one by default")
    .option("--metric <name>", "euclidean, manhattan, chebyshev or cosine", "euclidean")
    .option(
      "-o, --output <file>",
      "writes row,label and probability,outlier_score or is_core there; of a scan, a label for each",
    );
  withClusterOptions(command);
  withCommonOptions(command).action(run);
};

async function run(file: string, options: Options): Promise<void> {
  const { method } = options;
  if (!Object.hasOwn(methods, method))
    throw new UsageError(`--method: expected ${Object.keys(methods).join(", ")}, got ${method}`);
  const labelPoints = methods[method](options);
  const bytes = await readFileBytes(file);
  const points = file.endsWith(".safetensors")
    ? tensorPoints(bytes, file, options)
    : csvPoints(bytes, file, options);
  const results = labelPoints(points);
  if (options.output !== undefined) writeAtomic(options.output, writeCsv(columnsOf(results)));
  const summaries = results.map(({ labels, at }) => ({ ...at, ...counts(labels) }));
  const documents = results.map(({ labels, document }, i) => ({
    ...summaries[i],
    labels: [...labels],
    ...document,
  }));
  const [first] = documents;
  const document = results.length === 1 ? first : { points: points.numPoints, scan: documents };
  print(options, document, () =>
    table(
      Object.keys(summaries[0]),
      summaries.map((summary) => Object.values(summary)),
    ),
  );
}

const counts = (labels: Int32Array) => ({
  points: labels.length,
  clusters: labels.reduce((most, label) => Math.max(most, label + 1), 0),
  noise: labels.filter((label) => label < 0).length,
});

/** One row per point: of one result all that is known, of a scan the labels. */
function columnsOf(results: readonly Labelled[]): Record<string, ArrayLike<number>> {
  const [{ labels, columns }] = results;
  const row = labels.map((_, i) => i);
  if (results.length === 1) return { row, label: labels, ...columns };
  const named = results.map(({ labels, at }) => [`label_${Object.values(at).join("_")}`, labels]);
  return { row, ...Object.fromEntries(named) };
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
