/**
 * Transformer Regressor (TrackFormers EncReg): an encoder over the hits of an event regresses, per
 * hit, the parameters of the track it belongs to; clustering those gives tracks.
 *
 * Caron, Dobreva, Ferrer Sánchez et al. 2024 (arXiv:2407.07179, EPJC 85 (2025) 460).
 */

import { FormatError, ShapeError } from "../src/engine/errors.ts";
import { Rng } from "../src/engine/random.ts";
import { showShape } from "../src/engine/shape.ts";
import type { Tensor } from "../src/engine/tensor.ts";
import type { AttentionExtras } from "../src/nn/layers/attention.ts";
import { EncoderLayer } from "../src/nn/layers/encoder.ts";
import type { TrainingPass } from "../src/nn/layers/layer.ts";
import { Linear } from "../src/nn/layers/linear.ts";
import { loadParameters, parameters, type StoredTensor } from "../src/nn/module.ts";

export interface RegressorOptions {
  /** Coordinates per hit and parameters per track; see `regressorData`. */
  inputs: number;
  outputs: number;
  numLayers?: number;
  width?: number;
  numHeads?: number;
  /** Width of the feed-forward part. */
  hiddenDim?: number;
  /** Attention without output projection, as in the published flash models; default: with it. */
  isUnprojected?: boolean;
  /** Probability while training; default: 0. */
  dropout?: number;
  /**
   * Keep what goes from layer to layer in half precision, on devices that store it: half the memory for
   * backward. Sums stay f32. Default: false.
   */
  isHalf?: boolean;
  rng?: Rng;
}

/** How events share a batch, and whether dropout drops. */
export interface RegressorPass extends Pick<AttentionExtras, "offsets"> {
  pass?: TrainingPass | undefined;
}

export class TransformerRegressor {
  readonly inputLayer: Linear;
  readonly encoder: { readonly layers: readonly EncoderLayer[] };
  readonly decoder: Linear;
  readonly isHalf: boolean;

  constructor(options: RegressorOptions) {
    const { isHalf = false, dropout = 0 } = options;
    this.isHalf = isHalf;
    const { inputs, outputs, numLayers = 6, width = 32, numHeads = 4, hiddenDim = 128 } = options;
    const rng = options.rng ?? new Rng(37); // the seed of the published trainings
    if (width % numHeads !== 0)
      throw new ShapeError(
        `TransformerRegressor: expected a width divisible by ${numHeads} heads, got ${width}`,
      );
    this.inputLayer = new Linear(inputs, width, rng);
    // The published stack repeats one layer, so all layers start alike: same seed for each.
    const { isUnprojected = false } = options;
    const layer = () =>
      new EncoderLayer({ width, numHeads, hiddenDim, isUnprojected, dropout, rng: rng.split(0) });
    this.encoder = { layers: Array.from({ length: numLayers }, layer) };
    this.decoder = new Linear(width, outputs, rng);
  }

  get numParameters(): number {
    return [...parameters(this).values()].reduce((sum, { size }) => sum + size, 0);
  }

  /**
   * hits f32 [B, N, inputs]; mask bool [B, N], true where a row is padding → f32 [B, N, outputs].
   * Padding rows get results too, without meaning.
   *
   * Events can also stand one after the other in a single row of the batch, B = 1, with `offsets` u32
   * [S + 1] of each: no padding, and hits see those of their own event.
   */
  forward(hits: Tensor, mask: Tensor | null = null, { pass, offsets }: RegressorPass = {}): Tensor {
    if (hits.rank !== 3)
      throw new ShapeError(
        `TransformerRegressor(hits): expected [B, N, inputs], got ${showShape(hits.shape)}`,
      );
    const extras = offsets ? { offsets } : {};
    const kept = (x: Tensor) => (this.isHalf ? x.cast("f16").cast("f32") : x);
    let x = kept(this.inputLayer.forward(hits));
    for (const layer of this.encoder.layers) x = kept(layer.forward(x, mask, pass, extras));
    return this.decoder.forward(x);
  }
}

/** A model with the sizes that a state dict shows, holding its values; `source` is named in errors. */
export function regressorFrom(
  state: ReadonlyMap<string, StoredTensor>,
  { numHeads, source = "state dict" }: { numHeads: number; source?: string },
): TransformerRegressor {
  const shapeOf = (key: string): readonly number[] => {
    const shape = state.get(key)?.shape;
    if (shape?.length !== 2)
      throw new FormatError(
        `${source}: expected the key ${key} of a transformer regressor, got ${shape ? showShape(shape) : "none"} (of ${state.size} keys)`,
      );
    return shape;
  };
  const [width, inputs] = shapeOf("input_layer.weight");
  const [outputs] = shapeOf("decoder.weight");
  const [hiddenDim] = shapeOf("encoder.layers.0.linear1.weight");
  const layerNumbers = [...state.keys()].flatMap(
    (key) => /^encoder\.layers\.(\d{1,3})\./.exec(key)?.[1] ?? [],
  );
  const numLayers = 1 + Math.max(...layerNumbers.map(Number));
  if (width % numHeads !== 0)
    throw new FormatError(
      `${source}: expected a width divisible by ${numHeads} heads, got ${width}`,
    );
  const model = new TransformerRegressor({
    inputs,
    outputs,
    numLayers,
    width,
    numHeads,
    hiddenDim,
    isUnprojected: state.has("encoder.layers.0.self_attn.c_attn.weight"),
  });
  loadParameters(model, state, source);
  return model;
}
