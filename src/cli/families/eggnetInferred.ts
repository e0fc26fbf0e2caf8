/** What an EggNet says of events, as `trackgrad infer` writes it and `trackgrad eval` reads it. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import {
  type EggNet,
  type EggNetFeatures,
  type EmbeddedEvent,
  eggnetInputs,
  embedHits,
} from "../../../models/index.ts";
import { FormatError } from "../../engine/errors.ts";
import type { HostTensor } from "../../engine/formats/hostTensor.ts";
import { loadWeights } from "../../node/weights.ts";
import type { Event } from "../../tracking/index.ts";
import type { InferredEvent } from "../family.ts";

export interface TimedEmbedding extends EmbeddedEvent {
  /** Logit of each hit, f32 [H], if the network gives some. */
  readonly score: Float32Array | null;
  /** From the hits on the host to the embedding there; NaN if it is not known. */
  readonly milliseconds: number;
}

/** Events one by one. */
export async function* embedEvents(
  model: EggNet,
  events: readonly Event[],
  features: EggNetFeatures,
): AsyncGenerator<TimedEmbedding> {
  for (const event of events) {
    const start = performance.now();
    const embedded = await embedHits(model, eggnetInputs(event, features));
    yield { event, ...embedded, milliseconds: performance.now() - start };
  }
}

const embeddingName = "hit_embedding";
const timeName = "network_milliseconds";

/** As tensors under the published names. */
export function inferredEvent(
  { event, embedding, score, milliseconds }: TimedEmbedding,
  metadata: Record<string, string>,
): InferredEvent {
  const { data, numPoints, dim } = embedding;
  const tensors = new Map<string, HostTensor>([
    [embeddingName, { dtype: "F32", shape: [numPoints, dim], data } as HostTensor],
    ["hit_id", { dtype: "I32", shape: [numPoints], data: Int32Array.from(event.hits.hitId) }],
  ]);
  if (score) tensors.set("hit_score", { dtype: "F32", shape: [numPoints, 1], data: score });
  const time = { [timeName]: milliseconds.toFixed(2) };
  return { event: event.name, tensors, metadata: { ...metadata, ...time } };
}

/** What was written of an event; its hits have to be those that the configuration leaves of it. */
export async function readInferred(folder: string, event: Event): Promise<TimedEmbedding> {
  const path = join(folder, `${event.name}.safetensors`);
  if (!existsSync(path))
    throw new FormatError(
      `${path}: expected what infer -o wrote of ${event.name}, got no such file (or name weights with -c)`,
    );
  const { tensors, metadata } = await loadWeights(path);
  const [embedding, ids] = [tensors.get(embeddingName), tensors.get("hit_id")];
  const { hitId } = event.hits;
  const isOfHits =
    ids?.data.length === hitId.length && hitId.every((id, hit) => Number(ids.data[hit]) === id);
  if (!isOfHits || embedding?.shape.length !== 2 || embedding.shape[0] !== hitId.length)
    throw new FormatError(
      `${path}: expected ${embeddingName} of the ${hitId.length} hits that the configuration leaves, got that of ${ids?.data.length ?? "no"} (were the cuts others?)`,
    );
  const data = Float32Array.from(embedding.data as Float32Array);
  const [numPoints, dim] = embedding.shape;
  const milliseconds = Number(metadata[timeName] ?? Number.NaN);
  return { event, embedding: { data, numPoints, dim }, score: null, milliseconds };
}
