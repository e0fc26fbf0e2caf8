/** Replays every case of `$TG_FIXTURES` that classifies by a score. */
import { test } from "vitest";
import {
  type BinaryRates,
  binaryRates,
  type Optimum,
  rocAuc,
  thresholdScan,
} from "../../src/tracking/index.ts";
import { rateNames } from "./graphs.ts";
import { expectClose, type Json, numberIn, numbersIn, replay } from "./helpers.ts";

const ratio = 1e-12; // the fixtures' own tolerance for ratios: float64 sums in another order
const single = 1e-6; // and for what is partly float32: the scan

replay("metrics", "binary_classification", ({ cases }) => {
  for (const [i, { name, output, y, expected }] of cases.entries()) {
    const [scores, labels] = [numbersIn(output), numbersIn(y)];
    test(`${i} ${name}: rates at a threshold`, () => {
      for (const at of expected.at_threshold) {
        const rates = binaryRates(scores, labels, at.thld);
        for (const [ours, theirs] of Object.entries(rateNames))
          expectClose(
            [rates[ours as keyof BinaryRates]],
            [numberIn(at[theirs])],
            theirs.startsWith("n_") ? 0 : ratio,
            `${theirs} at ${at.thld}`,
          );
      }
    });
    test(`${i} ${name}: scan of thresholds`, () => {
      const scan = thresholdScan(scores, labels);
      const names = {
        balancedAccuracy: "max_ba",
        f1: "max_f1",
        mcc: "max_mcc",
        crossing: "tpr_eq_tnr",
      } as const;
      for (const [ours, theirs] of Object.entries(names)) {
        const { value, threshold }: Optimum = scan[ours as keyof typeof scan];
        const found = expected.maximized;
        expectClose([value], [numberIn(found[theirs])], single, theirs);
        expectClose([threshold], [numberIn(found[`${theirs}_loc`])], single, `${theirs}_loc`);
      }
    });
    test(`${i} ${name}: areas under the curve`, () => {
      for (const [key, area] of Object.entries<Json>(expected.roc)) {
        const limit = /^roc_auc_(.+)FPR$/.exec(key)?.[1];
        const maxFpr = limit === undefined ? 1 : Number(limit);
        expectClose([rocAuc(scores, labels, { maxFpr })], [numberIn(area)], ratio, key);
      }
      const isOneClass = new Set(labels).size < 2;
      if (isOneClass) expectClose([rocAuc(scores, labels)], [Number.NaN], 0, "one class");
    });
  }
});
