/** Losses of the published programs, and their gradients, from fixed inputs. */
import { expect, test } from "vitest";
import {
  bceWithLogits,
  contrastive,
  dice,
  focalWithLogits,
  gather,
  hinge,
  indices,
  jaccard,
  objectCondensation,
  smoothHinge,
  type Tensor,
} from "../../src/index.ts";
import { fixtureFolder } from "../helpers/fixtures.ts";
import { onBackends } from "./compare.ts";
import { bools, describedTensors, expectLoss, floats, type LossCase, pairsOf } from "./stored.ts";

const notReplayed: string[] = [];

/** `<loss>_<w|now>_g<gamma>_<reduction>` of scores, labels and weights. */
function hypertrackCases(): LossCase<{ z: Tensor }>[] {
  return describedTensors("hypertrack").flatMap(({ name: file, content, tensors: read }) => {
    const tensors = read();
    if (!tensors.has("logits") || !tensors.has("target")) return [];
    const [logits, target, weights] = ["logits", "target", "weight"].map((key) =>
      floats(tensors.get(key)!),
    );
    return Object.entries(content as Record<string, unknown>).flatMap(
      ([key, value]): LossCase<{ z: Tensor }>[] => {
        const parsed = /^([a-z]+)(?:_(w|now))?(?:_g([\d.]+))?_(mean|sum)$/.exec(key);
        if (!parsed || typeof value !== "number") {
          notReplayed.push(key);
          return [];
        }
        const [, kind, weighting, gamma, reduction] = parsed;
        const isMean = reduction === "mean";
        const over = (mean: "mean" | "weightedMean") => ({
          reduction: isMean ? mean : ("sum" as const),
          ...(weighting === "w" && { weights }),
        });
        const set = { reduction: isMean ? ("mean" as const) : ("sum" as const) };
        const losses: Record<string, (z: Tensor) => Tensor> = {
          bce: (z) => bceWithLogits(z, target, over("mean")),
          focal: (z) =>
            focalWithLogits(z, target, { gamma: Number(gamma), ...over("weightedMean") }),
          hinge: (z) => hinge(z, target, over("weightedMean")),
          smoothhinge: (z) => smoothHinge(z, target, over("weightedMean")),
          dice: (z) => dice(z.sigmoid(), target, set),
          jaccard: (z) => jaccard(z.sigmoid(), target, set),
        };
        return [
          {
            name: `hypertrack ${file} ${key}`,
            build: () => ({ z: logits }),
            terms: ({ z }) => ({ loss: losses[kind](z) }),
            values: { loss: value },
            grads: new Map([["z", tensors.get(`g.${key}`)!]]),
          },
        ];
      },
    );
  });
}

/** Embedding f32 [N, D] and score logits f32 [N, 1]. */
type Hits = { x: Tensor; s: Tensor };

interface EggnetLoss {
  loss_class: string;
  margin?: number;
  qmin?: number;
  sb?: number;
  weighting?: unknown;
  loss: Record<string, number>;
}

function eggnetCases(): LossCase<Hits>[] {
  return describedTensors("eggnet").flatMap(({ name: file, content, tensors: read }) => {
    if (!content.cases || !content.weighting_configs) return [];
    const tensors = read();
    const x = floats(tensors.get("in.hit_embedding")!);
    const s = floats(tensors.get("in.hit_score")!);
    const sets = { signal: "in.track_edges", knn: "edges.knn_loss", random: "in.random_edges" };
    const configs = Object.entries(content.weighting_configs as Record<string, unknown>);
    return Object.entries(content.cases as Record<string, EggnetLoss>).map(
      ([key, entry]): LossCase<Hits> => {
        const config = configs.find(
          ([, config]) => JSON.stringify(config) === JSON.stringify(entry.weighting),
        )?.[0];
        const isScored = !entry.loss_class.startsWith("Contrastive");
        const pairTerms = ({ x, s }: Hits) => {
          const beta = s.sigmoid();
          const terms: Record<string, Tensor> = {};
          for (const [kind, edges] of Object.entries(sets)) {
            const pairs = pairsOf(tensors.get(edges)!);
            const ofPairs = floats(tensors.get(`truth.${kind}.weight.${config}`)!);
            const both = gather(beta, pairs.first).mul(gather(beta, pairs.second)).reshape([-1]);
            terms[`${kind}_loss`] = contrastive(x, pairs, bools(tensors.get(`truth.${kind}.y`)!), {
              margin: entry.margin ?? 1,
              weights: isScored ? ofPairs.mul(both) : ofPairs,
              reduction: "weightedMean",
            });
          }
          if (isScored) {
            const isParticle = bools(tensors.get("in.hit_particle_id")!)
              .cast("f32")
              .reshape([-1, 1]);
            const weights = floats(tensors.get(`truth.node_weight.${config}`)!).reshape([-1, 1]);
            const options = { weights, reduction: "weightedMean" } as const;
            terms.beta_loss = bceWithLogits(s, isParticle, options);
          }
          return { ...terms, loss: Object.values(terms).reduce((sum, term) => sum.add(term)) };
        };
        const condensation = ({ x, s }: Hits) => {
          const ids = Array.from(tensors.get("in.hit_particle_id")!.data as BigInt64Array, Number);
          const known = [...new Set(ids.filter((id) => id > 0))];
          const particle = indices(ids.map((id) => known.indexOf(id) + 1));
          const parts = { beta: s.sigmoid().reshape([-1]), embedding: x, particle };
          const options = { minCharge: entry.qmin!, noiseWeight: entry.sb! };
          return { ...objectCondensation(parts, known.length, options) };
        };
        const grads = new Map(
          [
            ["x", `ref64.${key}.d_hit_embedding`],
            ["s", `ref64.${key}.d_hit_score`],
          ].flatMap(([input, at]) => {
            const found = tensors.get(at);
            return found ? [[input, found] as const] : [];
          }),
        );
        const { n_rep: _, ...values } = entry.loss; // how many pairs repel is no part of the loss
        const terms = entry.qmin === undefined ? pairTerms : condensation;
        return { name: `eggnet ${file} ${key}`, build: () => ({ x, s }), terms, values, grads };
      },
    );
  });
}

const kinds = { hypertrack: hypertrackCases(), eggnet: eggnetCases() };
const cases = Object.values(kinds).flat() as LossCase[];

test("losses are there, or reported as absent", () => {
  for (const [kind, { length }] of Object.entries(kinds))
    if (length === 0) console.log(`no losses of ${kind} in ${fixtureFolder()}: absent`);
  const families = new Set(notReplayed.map((key) => /^[a-z]+/.exec(key)?.[0] ?? key));
  if (notReplayed.length > 0)
    console.log(`not replayed yet: ${notReplayed.length} of ${[...families].join(", ")}`);
  expect(cases.every(({ values }) => "loss" in values)).toBe(true);
});

test.for(onBackends(cases))("$name on $backend", (loss) => expectLoss(loss.backend, loss));
