/**
 * Every check of gradients by name, to be run on an open js-f64 device: by the tests, and by
 * `npm run mutate:grads` with a rule that is wrong.
 */
import { randomFrom } from "../../../src/testing/index.ts";
import { attentionSamplers } from "./attention.ts";
import { type Case, checkCase, type Sampler } from "./case.ts";
import { compositeSamplers } from "./composites.ts";
import { elementwiseSamplers } from "./elementwise.ts";
import { examples } from "./examples.ts";
import { movementSamplers } from "./movement.ts";
import { perceptronSumSamplers } from "./perceptronSums.ts";
import { reduceSamplers } from "./reduce.ts";
import { rowExamples } from "./rowExamples.ts";
import { rowSamplers } from "./rows.ts";
import { segmentSamplers } from "./segments.ts";
import { sortSamplers } from "./sorts.ts";

export const samplers: Readonly<Record<string, Sampler>> = {
  ...elementwiseSamplers,
  ...movementSamplers,
  ...reduceSamplers,
  ...segmentSamplers,
  ...compositeSamplers,
  ...attentionSamplers,
  ...rowSamplers,
  ...sortSamplers,
  ...perceptronSumSamplers,
};

export interface Check {
  name: string;
  run: () => Promise<void>;
}

const numCases = 4;

/** One check per sampler. */
export const propertyChecks: readonly Check[] = Object.entries(samplers).map(
  ([name, sampler], which) => ({
    name: `${name}: first and second derivatives are those of its values`,
    run: async () => {
      for (let n = 0; n < numCases; n++) await checkSeed(sampler, numCases * which + n);
    },
  }),
);

export const exampleChecks: readonly Check[] = Object.entries({
  ...examples,
  ...rowExamples,
}).map(([name, run]) => ({
  name,
  run: async () => void (await run()),
}));

async function checkSeed(sampler: Sampler, seed: number): Promise<void> {
  const random = randomFrom(seed);
  let sample: Case | null = null;
  try {
    sample = sampler(random);
    await checkCase(sample, random);
  } catch (error) {
    throw new Error(`${sample?.text} (seed ${seed}): ${(error as Error).message}`, {
      cause: error,
    });
  }
}
