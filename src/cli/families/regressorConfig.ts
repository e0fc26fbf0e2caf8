/** Keys of the Transformer Regressor in a configuration: those of the published program first, then ours. */
import { existsSync, statSync } from "node:fs";
import { z } from "zod";
import { refinerSizes } from "../../../models/index.ts";

const isThere = (path: string) =>
  ["", "-hits.csv", "-hits.csv.gz", ".safetensors"].some((ending) => existsSync(path + ending));
const atLeast = (least: number) => z.int().min(least);

/** Keys that the siblings of the regressor have too. */
export const hitKeys = {
  model: z.enum(["transformer-regressor", "EncReg"]).default("transformer-regressor"),
  model_name: z.string().min(1).default("transformer-regressor"),
  data_path: z.string().refine(isThere, {
    error: "a folder of events, what an event's files start with, or a REDVID file",
  }),
  /** trackml; or the kind of a REDVID set, of which data_path is the file. */
  data_type: z.enum(["trackml", "2d", "linear", "curved"]).default("trackml"),
  /** Events with more hits are refused, as published. */
  max_nr_hits: atLeast(1).optional(),
  nr_epochs: atLeast(1).default(100),
  early_stop: atLeast(1).default(50),
  embedding_size: atLeast(1).default(32),
  nr_heads: atLeast(1).default(4),
  hidden_dim: atLeast(1).default(128),
  dropout: z.number().min(0).lt(1).default(0.1),

  batch_size: atLeast(1).default(64),
  /** Batches whose gradients are averaged for one step. */
  accumulate: atLeast(1).default(1),
  learning_rate: z.number().positive().default(1e-3),
  clip_norm: z.number().positive().optional(),
  /** Of the split, the weights at the start, the order of events and dropout. */
  seed: atLeast(0).default(37),
  split: z.array(z.number().min(0).max(1)).length(3).default([0.7, 0.15, 0.15]),
  /** Random particles of each event instead of all of it. */
  sub_events: z
    .strictObject({ min: atLeast(1), max: atLeast(1), count: atLeast(1).default(5) })
    .refine(({ min, max }) => max >= min, { error: "max ≥ min", path: ["max"] })
    .optional(),
  /** packed: events one after the other; padded: side by side, to the longest. */
  layout: z.enum(["packed", "padded"]).default("packed"),
  /** Of x, y, z in mm; default: what the weights were trained with, else that of the training set. */
  standardisation: z
    .strictObject({ mean: z.array(z.number()).length(3), std: z.array(z.number()).length(3) })
    .optional(),
  /** As published, where that differs: see docs/transformer-regressor.md. */
  compat: z.boolean().default(false),
  checkpoint_every: atLeast(1).default(100),
};

/** Keys of the encoder and of what it learns. */
const encoderKeys = {
  nr_enc_layers: atLeast(1).default(6),
  attention: z.enum(["exact", "flash"]).default("exact"),
  /** Of what goes from layer to layer; default: f16 for flash attention on devices that store it. */
  precision: z.enum(["f32", "f16"]).optional(),
  /** What angles are taken of: momenta as they are, or standardised ones as published. */
  targets: z.enum(["physical", "standardised"]).optional(),
};
export const keys = { ...hitKeys, ...encoderKeys };
const hitObject = z.strictObject(hitKeys);
const regressorObject = z.strictObject(keys);

/** Of the regressor and all its siblings. */
export type HitConfig = Omit<z.infer<typeof hitObject>, "model"> & {
  readonly model: string;
  readonly targets?: "physical" | "standardised" | undefined;
  readonly attention?: "exact" | "flash";
};
/** Of those with its encoder. */
export type EncoderConfig = HitConfig & Omit<z.infer<typeof regressorObject>, "model">;

/** What single keys cannot know. */
export function checkTogether(config: HitConfig, context: z.RefinementCtx): void {
  const { nr_heads: heads, embedding_size: width, split } = config;
  const refuse = (key: string, message: string) =>
    context.addIssue({ code: "custom", path: [key], message, input: config[key as "split"] });
  if (config.data_type !== "trackml") {
    const path = config.data_path;
    if (!existsSync(path) || statSync(path).isDirectory())
      refuse("data_path", "the file of a REDVID set");
    for (const key of ["sub_events", "targets", "standardisation"] as const)
      if (config[key] !== undefined) refuse(key, `no ${key} (data_type ${config.data_type})`);
  }
  if (width % heads !== 0) refuse("nr_heads", `a divisor of embedding_size ${width}`);
  if (Math.abs(split[0] + split[1] + split[2] - 1) > 1e-9) refuse("split", "fractions of 1");
  if (config.compat && config.attention === "exact" && config.max_nr_hits === undefined)
    refuse("max_nr_hits", "a number of rows to pad to (compat)");
}

export const regressorSchema = regressorObject.superRefine(checkTogether);

/** The refiner learns true tracks one by one; its sizes are the published ones. */
export const refinerSchema = z
  .strictObject({
    ...keys,
    model: z.literal("refiner"),
    model_name: z.string().min(1).default("refiner"),
    data_type: z.literal("trackml").default("trackml"),
    nr_enc_layers: atLeast(1).default(refinerSizes.numLayers),
    embedding_size: atLeast(1).default(refinerSizes.width),
    nr_heads: atLeast(1).default(refinerSizes.numHeads),
    hidden_dim: atLeast(1).default(refinerSizes.hiddenDim),
    batch_size: atLeast(1).default(32),
  })
  .superRefine(checkTogether);

const sizes = z.union([atLeast(1), z.array(atLeast(1)).min(1)]).default([2, 3, 4, 5, 6, 7, 8, 9]);

/** Keys of a file of settings for evaluation: lists are tried on the validation set. */
export const regressorEvaluationSchema = z.strictObject({
  min_cluster_size: sizes,
  min_samples: sizes,
  /** Run directory or weights of a refiner, to try on the tracks that are found. */
  refiner: z.string().refine(existsSync, { error: "weights of a refiner" }).optional(),
  /** Also tries events in parts by direction, which reach into each other by so many rad. */
  domains: z.strictObject({ overlap: z.number().min(0).lt(1).default(0) }).optional(),
  /** Noise is a particle like others, as published. */
  compat: z.boolean().default(false),
});
