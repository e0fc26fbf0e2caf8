/** Keys of the encoder–decoder in a configuration: those of the regressor, and the published ones of its own. */
import { z } from "zod";
import { checkTogether, hitKeys } from "./regressorConfig.ts";

const atLeast = (least: number) => z.int().min(least);

export const decoderSchema = z
  .strictObject({
    ...hitKeys,
    model: z.enum(["enc-dec", "EncDec"]),
    model_name: z.string().min(1).default("enc-dec"),
    embedding_size: atLeast(1).default(128),
    nr_heads: atLeast(1).default(16),
    hidden_dim: atLeast(1).default(2048),
    early_stop: atLeast(1).default(5),
    batch_size: atLeast(1).default(16),
    layout: z.literal("padded").default("padded"),
    /** Layers of the encoder; the decoder has one less. */
    num_stacks: atLeast(2).default(2),
    /** Learned tokens that the first layer reads hits with. */
    n_induce: atLeast(1).default(300),
    /** Hits of a track at most, its start counted. */
    max_track_hits: atLeast(5).default(30),
  })
  .superRefine(checkTogether);
export type DecoderConfig = z.infer<typeof decoderSchema>;
