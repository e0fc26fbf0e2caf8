/** EggNet's configuration keys, as in its own YAML files; those marked "unused" are for other machines. */
import { existsSync } from "node:fs";
import { z } from "zod";
import { activationNamed, activations } from "../../index.ts";
import { type Condition, conditionForms, isCondition } from "../../tracking/index.ts";
import type { ConfigFile } from "../configFile.ts";

const atLeast = (least: number) => z.int().min(least);
const activation = z.string().refine((name) => activationNamed(name) !== null, {
  error: `one of ${Object.keys(activations).join(", ")}`,
});

export const conditions = z.record(
  z.string(),
  z.custom<Condition>(isCondition, { error: conditionForms }),
);

const weighting = z.strictObject({
  true_default: z.number().nullish(),
  fake_default: z.number().nullish(),
  conditional_weighting: z.array(z.strictObject({ weight: z.number(), conditions })).optional(),
});

/** Widths and numbers of layers. */
const sizes = {
  node_rep_dim: atLeast(1).default(128),
  edge_rep_dim: atLeast(1).default(128),
  node_pspace_dim: atLeast(1).default(24),
  encoder_hidden: atLeast(1).default(128),
  node_0_hidden: atLeast(1).default(128),
  edge_hidden: atLeast(1).default(128),
  node_hidden: atLeast(1).default(128),
  decoder_hidden: atLeast(1).optional(),
  decoder_hiden: atLeast(1).optional(),
  node_filter_hidden: atLeast(1).optional(),
  n_encoder_layers: atLeast(1).default(3),
  n_node_0_layers: atLeast(1).default(3),
  n_edge_layers: atLeast(1).default(3),
  n_node_layers: atLeast(1).default(3),
  n_decoder_layers: atLeast(1).default(1),
  n_node_filter_layers: atLeast(1).optional(),
};

const unused = z.unknown().optional();
const elsewhere = {
  ...{ base_model: unused, dataset: unused, project: unused, group: unused, log_wandb: unused },
  ...{ accelerator: unused, devices: unused, num_nodes: unused, num_workers: unused },
  ...{ knn_algorithm: unused, knn_algorithm_loss: unused, knn_val: unused, r_max_loss: unused },
  ...{ train_metric: unused, save_top_k: unused, output_dir: unused },
};

export const eggnetSchema = z
  .strictObject({
    model: z.enum(["eggnet", "EggNet"]).default("eggnet"),
    model_name: z.string().min(1).default("eggnet"),
    /** A folder of events, TrackML's or files of columns, or one with the folders trainset, valset and testset. */
    input_dir: z.string().refine((path) => existsSync(path), { error: "a folder that exists" }),
    /** Which of the events there; all, if it is not given. */
    events: z.array(z.string()).min(1).optional(),
    data_split: z.tuple([atLeast(0), atLeast(0), atLeast(0)]),
    /**
     * Events are cut into so many sectors of azimuth, each turned so that its middle is at 0; `data_split`
     * counts them, in an order by the seed.
     */
    phi_sectors: atLeast(1).optional(),
    /** Training events are turned about the beam line by up to this, in each epoch by other angles. */
    random_rotation: z.number().min(0).max(Math.PI).default(0),
    /** And mirrored in y, in z or in both. */
    random_mirror: z.boolean().default(false),
    node_features: z.array(z.string()).min(1),
    node_scales: z
      .array(z.number().refine((scale) => scale !== 0, { error: "a number other than 0" }))
      .min(1),
    hard_cuts: conditions.nullish(),
    weighting: weighting.nullish(),
    phi_segmented: z.boolean().default(false),
    min_nodes: atLeast(1).default(20),
    max_nodes: atLeast(1).optional(),
    graph_fraction: z.number().positive().max(1).default(0.1),
    graph_fraction_adjustment_method: z
      .enum(["binary_search", "resample"])
      .default("binary_search"),
    graph_adjustment_tol: z.number().positive().default(0.02),
    max_possible_width: z.boolean().default(false),
    /** As published: an event that the cuts leave too few hits of is used uncut, not dropped. */
    compat: z.boolean().default(false),

    ...sizes,
    hidden_activation: activation.default("SiLU"),
    output_activation: activation.nullish(),
    layernorm: z.boolean().default(false),
    batchnorm: z.boolean().default(false),
    embedding_norm: z.boolean().default(false),
    n_iters: atLeast(0).default(4),
    n_gnns_per_iter: atLeast(1).default(8),
    recurrent: z.boolean().default(false),
    recurrent_gnn: z.boolean().default(false),
    recycle_node_representation: z.boolean().default(true),
    knn_train: z.union([z.int().min(1).max(128), z.array(z.int().min(1).max(128))]).default(10),
    r_max_train: z.number().positive().nullish(),
    output_node_score: z.boolean().default(false),
    checkpoint: z.boolean().default(false),

    loss: z
      .enum(["Contrastive", "WeightedContrastive", "ObjectCondensation"])
      .default("Contrastive"),
    knn_loss: z.int().min(1).max(128).default(10),
    randomisation: atLeast(0).default(100_000),
    margin: z.number().positive().default(1),
    qmin: z.number().positive().default(0.1),
    sb: z.number().min(0).default(1),

    max_epochs: atLeast(1).default(200),
    lr: z.number().positive(),
    lr_weight_decay: z.number().min(0).default(0.01),
    min_lr: z.number().min(0).default(0),
    warmup: atLeast(0).nullish(),
    scheduler: z
      .enum(["StepLR", "ReduceLROnPlateau", "CosineAnnealingWarmRestarts"])
      .default("StepLR"),
    factor: z.number().positive().default(0.8),
    patience: atLeast(1).default(20),
    metric_to_monitor: z
      .enum(["val_eff", "val_signal_eff", "val_dup", "val_fak"])
      .default("val_eff"),
    metric_mode: z.enum(["min", "max"]).default("max"),

    /** Taken as published, and computed in 32 bits. */
    precision: z
      .union([z.literal([16, 32]), z.enum(["16", "32", "16-mixed", "32-true"])])
      .optional(),

    seed: atLeast(0).default(0),
    checkpoint_every: atLeast(1).default(100),
    ...elsewhere,
  })
  .superRefine((config, context) => {
    const { node_features: features, node_scales: scales, knn_train: k, n_iters: T } = config;
    const refuse = (key: keyof typeof config, message: string) =>
      context.addIssue({ code: "custom", path: [key], message, input: config[key] });
    if (scales.length !== features.length)
      refuse("node_scales", `a list of ${features.length}, one for each of node_features`);
    if (Array.isArray(k) && k.length !== T)
      refuse("knn_train", `a list of ${T}, one per iteration`);
    if (config.phi_sectors !== undefined && config.phi_segmented)
      refuse("phi_sectors", "none, or phi_segmented: false");
    const isMoved = config.random_rotation > 0 || config.random_mirror;
    const ofModule = features.find((name) => ["hit_geta", "hit_gphi"].includes(name));
    if (isMoved && ofModule)
      refuse(
        "node_features",
        `no ${ofModule} (it is that of the module) beside random_rotation or random_mirror`,
      );
    if (config.loss !== "Contrastive" && !config.output_node_score)
      refuse("loss", "Contrastive, or output_node_score: true");
  });
export type EggNetSettings = z.infer<typeof eggnetSchema>;

/** What `eval` reads besides: EggNet's own keys, and some of ours. */
export const eggnetEvaluationSchema = z.strictObject({
  target_tracks: conditions.default({ hit_particle_nhits: [3, Number.POSITIVE_INFINITY] }),
  eps: z.number().positive().default(0.1),
  /** Radii to scan. */
  eps_scan: z.array(z.number().positive()).default(published(10, 0.05)),
  /** Noise is a particle like others, and fakes are counted per particle found. */
  compat: z.boolean().default(false),
  /** Of `hit_particle_pt` in files of columns; TrackML's are in GeV. */
  pT_unit: z.enum(["MeV", "GeV"]).default("MeV"),
  ...{ trackML_data: unused, plot_eta: unused, ylim: unused },
});
export type EggNetEvaluationSettings = z.infer<typeof eggnetEvaluationSchema>;

export const evaluationSettings = (file: ConfigFile | null): EggNetEvaluationSettings =>
  file ? file.resolve(eggnetEvaluationSchema) : eggnetEvaluationSchema.parse({});

/** 0.05, 0.1, … 0.5 */
function published(count: number, step: number): number[] {
  return Array.from({ length: count }, (_, which) => (which + 1) * step);
}
