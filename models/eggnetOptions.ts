/** How large an EggNet is, and which of its parts share weights. */
import { ShapeError } from "../src/engine/errors.ts";
import type { Rng } from "../src/engine/random.ts";
import type { ActivationName } from "../src/nn/activations.ts";

/** Hidden width and number of affine maps. */
export interface NetworkSize {
  hiddenDim: number;
  numLayers: number;
}

/** The networks that an EggNet consists of. */
export type EggNetPart = "encoder" | "firstNode" | "edge" | "node" | "decoder" | "score";

/** The sizes that the authors trained. */
const publishedSizes: Readonly<Record<EggNetPart, NetworkSize>> = {
  encoder: { hiddenDim: 128, numLayers: 3 },
  firstNode: { hiddenDim: 128, numLayers: 3 },
  edge: { hiddenDim: 128, numLayers: 3 },
  node: { hiddenDim: 128, numLayers: 3 },
  decoder: { hiddenDim: 128, numLayers: 1 },
  score: { hiddenDim: 128, numLayers: 3 },
};

export interface EggNetOptions {
  /** Features of a hit. */
  inputs: number;
  /** Widths of what nodes and edges hold, and of the embedding. Default: 128, 128, 24. */
  nodeDim?: number;
  edgeDim?: number;
  embeddingDim?: number;
  /** Default: the published sizes. */
  sizes?: Partial<Record<EggNetPart, NetworkSize>>;
  /** Default: silu, tanh. */
  activation?: ActivationName;
  outputActivation?: ActivationName | null;
  /** Of hidden layers, without learned scale. Default: layer norm. */
  hasLayerNorm?: boolean;
  /** By the statistics of the event at hand, always. Default: none. */
  hasBatchNorm?: boolean;
  /** Whether embeddings have length 1. Default: yes. */
  isNormalized?: boolean;
  /** How many graphs are built, and layers of message passing on each. Default: 4, 8. */
  numIterations?: number;
  numLayers?: number;
  /** Whether iterations share their weights. Default: yes. */
  isRecurrent?: boolean;
  /** Whether the layers of an iteration after its first share them too. Default: no. */
  hasRecurrentLayers?: boolean;
  /** Whether each iteration starts again from the encoded hits. Default: yes. */
  isRecycled?: boolean;
  /** Neighbors per hit, of all iterations or of each. Default: 10. */
  k?: number | readonly number[];
  /** Neighbors are at most this far away in the embedding. */
  maxDistance?: number;
  /** Whether hits get a score too. Default: no. */
  hasScore?: boolean;
  /** Whether gradients compute each iteration again instead of keeping what it computed. Default: no. */
  isCheckpointed?: boolean;
  rng?: Rng;
}

/** With defaults. */
export type FullEggNetOptions = Required<
  Omit<EggNetOptions, "sizes" | "rng" | "maxDistance" | "k">
> & {
  sizes: Readonly<Record<EggNetPart, NetworkSize>>;
  /** Per iteration. */
  k: readonly number[];
  maxDistance: number | null;
};

export function withDefaults(options: EggNetOptions): FullEggNetOptions {
  const { numIterations = 4, numLayers = 8, k = 10, sizes, maxDistance } = options;
  const perIteration = typeof k === "number" ? new Array<number>(numIterations).fill(k) : k;
  if (perIteration.length !== numIterations)
    throw new ShapeError(
      `EggNet(k): expected ${numIterations} numbers, one per iteration, got ${perIteration.length}`,
    );
  return {
    ...{ nodeDim: 128, edgeDim: 128, embeddingDim: 24, activation: "silu" },
    ...{ outputActivation: "tanh", hasLayerNorm: true, hasBatchNorm: false, isNormalized: true },
    ...{ isRecurrent: true, hasRecurrentLayers: false, isRecycled: true },
    ...{ hasScore: false, isCheckpointed: false, numIterations, numLayers },
    ...options,
    sizes: { ...publishedSizes, ...sizes },
    k: perIteration,
    maxDistance: maxDistance ?? null,
  };
}
