/** The encoder–decoder (TrackFormers EncDec), which follows tracks hit by hit. */
import {
  boxedSamples,
  EncoderDecoder,
  followEvents,
  type HitBox,
  hitBox,
  meanScores,
  nextHitLoss,
  type RegressorSample,
  type SequenceBatch,
  sequenceBatch,
  timesOf,
} from "../../../models/index.ts";
import type { HostTensor } from "../../engine/formats/hostTensor.ts";
import { Rng } from "../../index.ts";
import { settingsIn } from "../configFile.ts";
import { type Evaluation, family, type Stored } from "../family.ts";
import { scoreTable } from "../scores.ts";
import { siblingEvaluationSchema } from "./classifierConfig.ts";
import { type DecoderConfig, decoderSchema } from "./decoderConfig.ts";
import { type HitNetwork, HitTask } from "./hitTask.ts";
import { mapSets, readSets } from "./regressorSets.ts";

export const encoderDecoder = family(
  ["enc-dec", "EncDec"],
  decoderSchema,
  async (config, stored) => {
    const sets = await readSets(config, stored);
    const box = storedBox(stored) ?? hitBox(sets.trainset);
    const boxed = mapSets(sets, (samples) => boxedSamples(samples, box));
    const kept = { ...sets.stored, [key]: JSON.stringify(box) };
    return new HitTask(config, { ...boxed, stored: kept }, decoderNetwork(config));
  },
);

const decoderNetwork = (config: DecoderConfig): HitNetwork<EncoderDecoder, SequenceBatch> => ({
  model: () =>
    new EncoderDecoder({
      width: config.embedding_size,
      numHeads: config.nr_heads,
      hiddenDim: config.hidden_dim,
      numStacks: config.num_stacks,
      numInduced: config.n_induce,
      maxSteps: config.max_track_hits,
      dropout: config.dropout,
      rng: new Rng(config.seed),
    }),
  batch: (samples) => sequenceBatch(samples, { maxSteps: config.max_track_hits }),
  loss: nextHitLoss,
  async infer(model, sample) {
    const [{ labels }] = await followEvents(model, [sample]);
    const tracks = { dtype: "I32", shape: [labels.length], data: labels } as HostTensor;
    return { said: ["track", tracks], columns: "track" };
  },
  evaluate(model, sets, { set, settings }) {
    return evaluateDecoder(model, sets[set], settingsIn(settings, siblingEvaluationSchema));
  },
});

/** Tracks from their true first hits, and how many of the others are found. */
async function evaluateDecoder(
  model: EncoderDecoder,
  samples: readonly RegressorSample[],
  { compat }: { compat: boolean },
): Promise<Evaluation> {
  const events = await followEvents(model, samples, { compat });
  const sum = (of: (event: (typeof events)[number]) => number) =>
    events.reduce((total, event) => total + of(event), 0);
  const followed = sum((event) => event.followed) / sum((event) => event.toFollow);
  const milliseconds = { following: timesOf(events.map((event) => event.milliseconds)) };
  const reports = events.map(({ labels: _, milliseconds: __, ...report }) => report);
  const source = scoreTable(reports);
  const text = `tracks are followed from their true first three hits; ${followed.toFixed(3)} of the others are found in their place; ${milliseconds.following.mean.toPrecision(3)} ms per event`;
  return {
    document: { events: reports, mean: meanScores(events), followed, milliseconds },
    sections: [{ heading: "Scores", source, text }],
    text: `${source}\n\n${text}`,
  };
}

const key = "box"; // of the metadata of weights

const storedBox = (stored: Stored): HitBox | null =>
  stored[key] === undefined ? null : JSON.parse(stored[key]);
