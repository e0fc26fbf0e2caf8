/** Keys of the encoder classifier in a configuration: those of the regressor, and what its classes are. */
import { z } from "zod";
import { binnedParameters, publishedBins } from "../../../models/index.ts";
import { checkTogether, keys } from "./regressorConfig.ts";

const atLeast = (least: number) => z.int().min(least);

export const classifierSchema = z
  .strictObject({
    ...keys,
    model: z.enum(["enc-cla", "EncCla"]),
    model_name: z.string().min(1).default("enc-cla"),
    embedding_size: atLeast(1).default(128),
    nr_heads: atLeast(1).default(8),
    hidden_dim: atLeast(1).default(256),
    early_stop: atLeast(1).default(7),
    /** Bins of each parameter; default: as many in all as published. */
    bins: z.array(atLeast(1)).optional(),
    /** Epochs in which the learning rate rises. */
    warmup: atLeast(0).default(5),
    /** Epochs without a better validation loss, after which the learning rate is halved. */
    plateau_patience: atLeast(0).default(10),
  })
  .superRefine((config, context) => {
    checkTogether(config, context);
    const { data_type: type, bins } = config;
    const names = binnedParameters[type];
    if (bins !== undefined && bins.length !== names.length) {
      const message = `bins of ${names.join(", ")}`;
      context.addIssue({ code: "custom", path: ["bins"], message, input: bins });
    }
  })
  .transform(({ bins, ...config }) => ({
    ...config,
    bins: bins ?? [...publishedBins[config.data_type]],
  }));
export type ClassifierConfig = z.infer<typeof classifierSchema>;

export const siblingEvaluationSchema = z.strictObject({
  /** Noise is a particle like others, as published. */
  compat: z.boolean().default(false),
});
