/** The catalogue of layers. */

export { type AggregationName, aggregations } from "./aggregate.ts";
export { type AttentionExtras, SelfAttention, UnprojectedAttention } from "./attention.ts";
export { BatchNorm, type BatchNormOptions } from "./batchNorm.ts";
export { CrossAttention, CrossLayer } from "./crossLayer.ts";
export { DecoderLayer } from "./decoder.ts";
export { Dropout } from "./dropout.ts";
export { EncoderLayer, type EncoderLayerOptions } from "./encoder.ts";
export { InducedLayer, type InducedLayerOptions } from "./induced.ts";
export {
  type EdgeEnds,
  type GraphState,
  InteractionLayer,
  InteractionNetwork,
  type InteractionNetworkOptions,
  type InteractionOptions,
} from "./interaction.ts";
export type { Layer, TrainingPass } from "./layer.ts";
export { LayerNorm, type LayerNormOptions } from "./layerNorm.ts";
export { Linear, type LinearOptions } from "./linear.ts";
export { Mlp, type MlpOptions } from "./mlp.ts";
export { Activate, Sequential } from "./sequential.ts";
