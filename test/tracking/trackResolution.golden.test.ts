/** Replays every case of `$TG_FIXTURES` that compares the parameters of tracks. */
import { expect, test } from "vitest";
import {
  type PerigeeParameters,
  type ResidualName,
  type TrackResolution,
  trackResolution,
} from "../../src/tracking/index.ts";
import { expectClose, type Json, numberIn, numbersIn, replay } from "./helpers.ts";

const ratio = 1e-12; // the fixtures' own tolerance: float64 sums in another order

/** Our names of the quantities and of their statistics, and the case files'. */
const quantityNames: Record<ResidualName, string> = {
  phi: "phi",
  theta: "theta",
  qOverPt: "qopt",
  d0: "d0",
  z0: "z0",
  cotTheta: "cot_theta",
  eta: "eta",
  relativePt: "pt_rel",
};
const statisticNames = {
  num: "n",
  mean: "mean",
  std: "std",
  median: "median",
  iqrSigma: "iqr_sigma",
  half68: "half68",
  coreMean: "core_mean",
  coreStd: "core_std",
  coreNum: "core_n",
};

replay("metrics", "track_resolution", (content) => {
  // one case is the file itself; several are a list
  const cases: Json[] = content.cases ?? [content];
  for (const [i, { name = "", truth, reco, expected }] of cases.entries()) {
    const found = trackResolution(parameters(truth), parameters(reco));
    for (const [ours, theirs] of Object.entries(quantityNames))
      test(`${i} ${name} ${theirs}`, () => {
        const statistics = found[ours as keyof TrackResolution] as Json;
        expect(Object.keys(expected[theirs]).sort()).toEqual(Object.values(statisticNames).sort());
        for (const [statistic, key] of Object.entries(statisticNames))
          expectClose([statistics[statistic]], [numberIn(expected[theirs][key])], ratio, key);
      });
  }
});

const parameters = ({ phi, theta, qopt, d0, z0 }: Json): PerigeeParameters => ({
  phi: numbersIn(phi),
  theta: numbersIn(theta),
  qOverPt: numbersIn(qopt),
  d0: numbersIn(d0),
  z0: numbersIn(z0),
});
