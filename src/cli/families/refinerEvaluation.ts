/** What a refiner does to the tracks that are found, for `trackgrad eval`. */
import {
  type ClusteredEvent,
  meanScores,
  type RegressorSample,
  refineEvent,
  refinerSizes,
  regressorFrom,
} from "../../../models/index.ts";
import { FormatError } from "../../engine/errors.ts";
import { loadWeights } from "../../node/weights.ts";
import type { TrackFormersMetrics } from "../../tracking/index.ts";
import type { ReportSection } from "../report.ts";
import { scoresBeside } from "../scores.ts";
import { weightsIn } from "../weightsIn.ts";
import { storedScales } from "./regressorSets.ts";

export interface RefinedEvaluation {
  readonly mean: TrackFormersMetrics;
  /** Hits in tracks before, and those of them that stay. */
  readonly hits: number;
  readonly kept: number;
}

/** `path` is a run directory of a refiner, or its weights. */
export async function evaluateRefined(
  path: string,
  found: readonly ClusteredEvent[],
  samples: readonly RegressorSample[],
  { compat }: { compat: boolean },
): Promise<RefinedEvaluation> {
  const file = weightsIn(path);
  const { tensors, metadata } = await loadWeights(file);
  const numHeads = Number(metadata.numHeads ?? refinerSizes.numHeads);
  const model = regressorFrom(tensors, { numHeads, source: file });
  const scale = storedScales(metadata)?.hits;
  if (!scale)
    throw new FormatError(
      `${file}: expected the scales that the refiner was trained with, got none`,
    );
  const refined: ClusteredEvent[] = [];
  for (const [e, sample] of samples.entries())
    refined.push(await refineEvent(model, sample, found[e].labels, { scale, compat }));
  const inTracks = (events: readonly ClusteredEvent[]) =>
    events.reduce((sum, { labels }) => sum + labels.filter((label) => label >= 0).length, 0);
  return { mean: meanScores(refined), hits: inTracks(found), kept: inTracks(refined) };
}

/** Tracks as found beside refined ones. */
export function refinedSection(
  found: TrackFormersMetrics,
  { mean, hits, kept }: RefinedEvaluation,
): ReportSection & { source: string; text: string } {
  return {
    heading: "Refined tracks",
    source: scoresBeside("tracks", { "as found": found, refined: mean }),
    text: `the refiner keeps ${kept} of ${hits} hits in tracks`,
  };
}
