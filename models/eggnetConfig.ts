/** EggNet's own configuration keys, as they stand in its YAML files and checkpoints. */
import { FormatError } from "../src/engine/errors.ts";
import { type ActivationName, activationNamed, activations } from "../src/nn/activations.ts";
import { type Columns, type Conditions, rowsThatMeet } from "../src/tracking/conditions.ts";
import type { EggNetOptions, EggNetPart, NetworkSize } from "./eggnetOptions.ts";

/** What concerns the model; further keys are of no meaning here. */
export interface EggNetConfig {
  node_features: readonly string[];
  node_rep_dim: number;
  edge_rep_dim: number;
  node_pspace_dim: number;
  encoder_hidden: number;
  node_0_hidden: number;
  edge_hidden: number;
  node_hidden: number;
  decoder_hidden?: number;
  /** A misspelling of older files, which wins. */
  decoder_hiden?: number;
  node_filter_hidden?: number;
  n_encoder_layers: number;
  n_node_0_layers: number;
  n_edge_layers: number;
  n_node_layers: number;
  n_decoder_layers: number;
  n_node_filter_layers?: number;
  hidden_activation: string;
  output_activation?: string | null;
  layernorm?: boolean;
  batchnorm?: boolean;
  embedding_norm?: boolean;
  n_iters: number;
  n_gnns_per_iter: number;
  recurrent?: boolean;
  recurrent_gnn?: boolean;
  recycle_node_representation?: boolean;
  knn_train: number | readonly number[];
  r_max_train?: number | null;
  output_node_score?: boolean;
  checkpoint?: boolean;
}

/** Options of the model that a configuration describes. Throws `FormatError` for an unknown activation. */
export function eggnetOptions(config: EggNetConfig): EggNetOptions {
  const { output_activation, r_max_train, decoder_hidden, decoder_hiden } = config;
  const size = (hiddenDim: number, numLayers: number): NetworkSize => ({ hiddenDim, numLayers });
  const sizes: Partial<Record<EggNetPart, NetworkSize>> = {
    encoder: size(config.encoder_hidden, config.n_encoder_layers),
    firstNode: size(config.node_0_hidden, config.n_node_0_layers),
    edge: size(config.edge_hidden, config.n_edge_layers),
    node: size(config.node_hidden, config.n_node_layers),
    decoder: size(decoder_hiden ?? decoder_hidden ?? config.node_hidden, config.n_decoder_layers),
  };
  const { node_filter_hidden, n_node_filter_layers } = config;
  if (node_filter_hidden !== undefined && n_node_filter_layers !== undefined)
    sizes.score = size(node_filter_hidden, n_node_filter_layers);
  return {
    inputs: config.node_features.length,
    nodeDim: config.node_rep_dim,
    edgeDim: config.edge_rep_dim,
    embeddingDim: config.node_pspace_dim,
    sizes,
    activation: activationOf("hidden_activation", config.hidden_activation),
    outputActivation: output_activation
      ? activationOf("output_activation", output_activation)
      : null,
    hasLayerNorm: config.layernorm ?? false,
    hasBatchNorm: config.batchnorm ?? false,
    isNormalized: config.embedding_norm ?? false,
    numIterations: config.n_iters,
    numLayers: config.n_gnns_per_iter,
    isRecurrent: config.recurrent ?? false,
    hasRecurrentLayers: config.recurrent_gnn ?? false,
    isRecycled: config.recycle_node_representation ?? true,
    k: config.knn_train,
    ...(typeof r_max_train === "number" && { maxDistance: r_max_train }),
    hasScore: config.output_node_score ?? false,
    isCheckpointed: config.checkpoint ?? false,
  };
}

/** The key `weighting`: what pairs of hits count in the loss. */
export interface EggNetWeighting {
  true_default?: number | null | undefined;
  fake_default?: number | null | undefined;
  /** In order: the last one that is met counts. */
  conditional_weighting?: readonly { weight: number; conditions: Conditions }[] | undefined;
}

/**
 * What a pair of one particle counts by its first hit, f32 [N], and what any other pair counts. `columns`
 * are those of the hits that conditions name.
 */
export function pairWeights(
  weighting: EggNetWeighting | null | undefined,
  columns: Columns,
  numHits: number,
): { trueWeight: Float32Array; fakeWeight: number } {
  const trueWeight = new Float32Array(numHits).fill(weighting?.true_default ?? 1);
  for (const { weight, conditions } of weighting?.conditional_weighting ?? []) {
    const meets = rowsThatMeet(conditions, columns, numHits);
    for (let hit = 0; hit < numHits; hit++) if (meets[hit]) trueWeight[hit] = weight;
  }
  return { trueWeight, fakeWeight: weighting?.fake_default ?? 1 };
}

function activationOf(key: string, name: string): ActivationName {
  const found = activationNamed(name);
  if (found) return found;
  throw new FormatError(
    `${key}: expected one of ${Object.keys(activations).join(", ")}, got ${name}`,
  );
}
