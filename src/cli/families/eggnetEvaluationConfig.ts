/** Keys of a file of settings for the evaluation of EggNet. */
import { z } from "zod";
import { conditions, unused } from "./eggnetConfig.ts";

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

/** 0.05, 0.1, … 0.5 */
function published(count: number, step: number): number[] {
  return Array.from({ length: count }, (_, which) => (which + 1) * step);
}
