import type { Command } from "commander";
import type { HdbscanOptions } from "../tracking/clustering/hdbscanOptions.ts";
import { distance, UsageError, wholeNumber } from "./command.ts";

export interface ClusterOptions {
  minClusterSize?: number;
  minSamples?: number;
  clusterSelectionMethod?: "eom" | "leaf";
  clusterSelectionEpsilon?: number;
  allowSingleCluster?: boolean;
  canonicalOrder?: boolean;
}

/** The options of HDBSCAN, for every verb that clusters. */
export function withClusterOptions(command: Command): Command {
  return command
    .option(
      "--min-cluster-size <n>",
      "fewest hits of a track",
      wholeNumber("--min-cluster-size", 2),
    )
    .option("--min-samples <n>", "neighbors that make a hit dense", wholeNumber("--min-samples", 1))
    .option("--cluster-selection-method <name>", "eom or leaf", selectionMethod)
    .option(
      "--cluster-selection-epsilon <d>",
      "undo splits closer than this",
      distance("--cluster-selection-epsilon"),
    )
    .option("--allow-single-cluster", "all hits may be one track")
    .option("--canonical-order", "labels do not depend on the order of rows");
}

/** Only what was asked for: an absent option leaves the default to the algorithm. */
export function clusterSettings(options: ClusterOptions): HdbscanOptions {
  const names = [
    "minClusterSize",
    "minSamples",
    "clusterSelectionMethod",
    "clusterSelectionEpsilon",
    "allowSingleCluster",
    "canonicalOrder",
  ] as const;
  return Object.fromEntries(
    names.filter((name) => options[name] !== undefined).map((name) => [name, options[name]]),
  );
}

function selectionMethod(text: string): "eom" | "leaf" {
  if (text !== "eom" && text !== "leaf")
    throw new UsageError(`--cluster-selection-method: expected eom or leaf, got ${text}`);
  return text;
}
