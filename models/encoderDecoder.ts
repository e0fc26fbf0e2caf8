/**
 * Encoder–decoder (TrackFormers EncDec): an encoder reads the hits of an event; a decoder, given the first
 * hits of a track, says where the next one is, until it says that the track ends.
 *
 * Caron, Dobreva, Ferrer Sánchez et al. 2024 (arXiv:2407.07179).
 */
import { ShapeError } from "../src/engine/errors.ts";
import { Rng } from "../src/engine/random.ts";
import { showShape } from "../src/engine/shape.ts";
import type { Tensor } from "../src/engine/tensor.ts";
import { xavierUniform } from "../src/nn/initialisers.ts";
import { DecoderLayer } from "../src/nn/layers/decoder.ts";
import { EncoderLayer } from "../src/nn/layers/encoder.ts";
import { InducedLayer } from "../src/nn/layers/induced.ts";
import type { TrainingPass } from "../src/nn/layers/layer.ts";
import { Linear } from "../src/nn/layers/linear.ts";
import { parameters } from "../src/nn/module.ts";

/** Defaults are those of the published program. */
export interface EncoderDecoderOptions {
  width?: number;
  numHeads?: number;
  /** Width of the feed-forward parts. */
  hiddenDim?: number;
  /** Layers of the encoder, the first with induced tokens; the decoder has one less, and at least one. */
  numStacks?: number;
  numInduced?: number;
  /** Steps of a track at most, its start counted. */
  maxSteps?: number;
  /** Probability while training; default: 0. */
  dropout?: number;
  rng?: Rng;
}

const coordinates = 3;

export class EncoderDecoder {
  readonly hitLayer: Linear;
  readonly induced: InducedLayer;
  readonly encoder: readonly EncoderLayer[];
  readonly stepLayer: Linear;
  /** f32 [maxSteps, width] */
  readonly positions: Tensor;
  readonly decoder: readonly DecoderLayer[];
  readonly output: Linear;

  constructor(options: EncoderDecoderOptions = {}) {
    const { width = 128, numHeads = 16, hiddenDim = 2048, numStacks = 2 } = options;
    const { numInduced = 300, maxSteps = 30, dropout = 0, rng = new Rng(37) } = options;
    if (numStacks < 2)
      throw new ShapeError(
        `EncoderDecoder(numStacks): expected 2 or more, got ${numStacks} (else the decoder does not read the hits)`,
      );
    const sizes = { width, numHeads, hiddenDim, dropout, rng };
    const layers = { length: numStacks - 1 };
    this.hitLayer = new Linear(coordinates, width, rng);
    this.induced = new InducedLayer({ ...sizes, numInduced });
    this.encoder = Array.from(layers, () => new EncoderLayer(sizes));
    this.stepLayer = new Linear(coordinates, width, rng);
    this.positions = xavierUniform([maxSteps, width], rng);
    this.decoder = Array.from(layers, () => new DecoderLayer(sizes));
    this.output = new Linear(width, coordinates, rng);
  }

  get maxSteps(): number {
    return this.positions.shape[0];
  }

  get numParameters(): number {
    return [...parameters(this).values()].reduce((sum, { size }) => sum + size, 0);
  }

  /** hits f32 [B, N, 3]; mask bool [B, N], true where a row is padding → memory f32 [B, N, width]. */
  encode(hits: Tensor, mask: Tensor | null = null, pass?: TrainingPass): Tensor {
    let x = this.induced.forward(this.hitLayer.forward(hits), mask, pass);
    for (const layer of this.encoder) x = layer.forward(x, mask, pass);
    return x;
  }

  /**
   * Of T tracks in each event, S steps f32 [B, T, S, 3] from the start on → after each step, where the next
   * is, f32 [B, T, S, 3] in 0…1. A step depends on no later one.
   */
  decode(memory: Tensor, mask: Tensor | null, steps: Tensor, pass?: TrainingPass): Tensor {
    const [, , numSteps] = steps.shape;
    const { maxSteps } = this;
    if (steps.rank !== 4 || numSteps > maxSteps)
      throw new ShapeError(
        `EncoderDecoder(steps): expected [B, T, S, 3] with S ≤ ${maxSteps}, got ${showShape(steps.shape)}`,
      );
    let x = this.stepLayer.forward(steps).add(this.positions.slice([[0, numSteps], null]));
    for (const layer of this.decoder) x = layer.forward(x, memory, mask, pass);
    return this.output.forward(x).sigmoid();
  }
}
