import { writeAtomic } from "../node/files.ts";
import { csvPieces, submissionFromTracks, writeSubmission } from "../tracking/index.ts";
import { type Labelled, type MethodOptions, methods } from "./clusterMethods.ts";
import { withClusterOptions } from "./clusterOptions.ts";
import { hitIdsIn, type PointOptions, pointsIn } from "./clusterPoints.ts";
import { distances, print, UsageError, type Verb, withCommonOptions } from "./command.ts";
import { fileToWrite } from "./outputs.ts";
import { table } from "./table.ts";

interface Options extends MethodOptions, PointOptions {
  method: string;
  output?: string;
  submission?: string;
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
    .option(
      "--columns <a,b,…>",
      "coordinates among the columns, all by default; of x, y and z also r, phi, theta, eta, u, v",
      (text: string) => text.split(","),
    )
    .option("--tensor <name>", "which tensor of a safetensors file; the only one by default")
    .option("--metric <name>", "euclidean, manhattan, chebyshev or cosine", "euclidean")
    .option(
      "-o, --output <file>",
      "writes row,label and probability,outlier_score or is_core there; of a scan, a label for each",
      fileToWrite("-o"),
    )
    .option(
      "--submission <file>",
      "of a table of hits: writes hit_id,track_id there, as score and view read it",
      fileToWrite("--submission"),
    );
  withClusterOptions(command);
  withCommonOptions(command).action(run);
};

async function run(file: string, options: Options): Promise<void> {
  const { method } = options;
  if (!Object.hasOwn(methods, method))
    throw new UsageError(`--method: expected ${Object.keys(methods).join(", ")}, got ${method}`);
  const { length: numScanned } = options.eps ?? options.cut ?? [0];
  if (options.submission !== undefined && numScanned > 1)
    throw new UsageError(`--submission: expected one distance, got ${numScanned}`);
  const labelPoints = methods[method](options);
  const points = await pointsIn(file, options);
  const hitIds = options.submission === undefined ? undefined : await hitIdsIn(file);
  const results = await labelPoints(points);
  if (hitIds) {
    const submission = submissionFromTracks(results[0].labels, hitIds);
    writeAtomic(options.submission!, writeSubmission(submission));
  }
  if (options.output !== undefined) writeAtomic(options.output, csvPieces(columnsOf(results)));
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
