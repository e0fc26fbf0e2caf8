import { describe, expect, onTestFinished, test, vi } from "vitest";
import { EggNet, type EggNetOptions, eggnetLoss, randomPairs } from "../../models/index.ts";
import {
  Adam,
  gather,
  indices,
  parameters,
  Rng,
  realize,
  setParameters,
  type Tensor,
  tensor,
  train,
  valueAndGrad,
} from "../../src/index.ts";
import { assertClose } from "../../src/testing/assertClose.ts";
import { useDevice } from "../helpers/backends.ts";

useDevice("js");

const size = { hiddenDim: 8, numLayers: 2 };
const small: EggNetOptions = {
  ...{ inputs: 3, nodeDim: 6, edgeDim: 5, embeddingDim: 4, k: 3, numIterations: 2, numLayers: 2 },
  sizes: { encoder: size, firstNode: size, edge: size, node: size, decoder: size, score: size },
};
const build = (options: Partial<EggNetOptions> = {}): EggNet =>
  new EggNet({ ...small, rng: new Rng(3), ...options });
const someHits = (numHits: number): Tensor => new Rng(numHits).normal([numHits, 3]);

/** Every third hit is noise, the others belong to two particles. */
const truthOf = (numHits: number) => ({
  particle: indices(Array.from({ length: numHits }, (_, h) => h % 3)),
  numParticles: 2,
  trackEdges: { first: indices([1, 2]), second: indices([4, 5]) },
});

const lossOf = (model: EggNet, numHits: number, kind: "contrastive" | "weightedContrastive") =>
  eggnetLoss(model.forward(someHits(numHits)), truthOf(numHits), {
    ...{ kind, k: 3, randomPairs: randomPairs(new Rng(9), numHits, 20) },
  }).loss;

// arXiv:2407.13925's configuration; the count is in the spec of the published program
test("the published configuration has 1 257 760 parameters", () => {
  const count = [...parameters(new EggNet({ inputs: 12 })).values()];
  expect(count.reduce((sum, { size }) => sum + size, 0)).toBe(1_257_760);
});

describe("forward", () => {
  test("does not depend on the order of the hits", async () => {
    const hits = someHits(12);
    const order = Array.from({ length: 12 }, (_, h) => (5 * h) % 12);
    const model = build({ hasScore: true });
    const [plain, mixed] = [hits, gather(hits, indices(order))].map((x) => model.forward(x));
    for (const key of ["embedding", "score"] as const) {
      const [there, here] = [await plain[key]!.data(), await mixed[key]!.data()];
      const width = here.length / 12;
      for (const [at, h] of order.entries())
        for (let f = 0; f < width; f++)
          expect(here[at * width + f]).toBeCloseTo(there[h * width + f], 5);
    }
  });

  test.each([1, 2, 4])("of %i hits, fewer than neighbors are asked for or as many", async (n) => {
    const { embedding } = build({ k: 4 }).forward(someHits(n));
    const rows = await embedding.data();
    expect(rows).toHaveLength(4 * n);
    for (let h = 0; h < n; h++)
      expect(Math.hypot(...rows.subarray(4 * h, 4 * h + 4))).toBeCloseTo(1, 5);
  });

  test("hits beyond the distance are as if they were not there", async () => {
    const near = tensor([0, 0, 0, 0.1, 0, 0, 0, 0.1, 0], [3, 3]);
    const model = build({ maxDistance: 0, numIterations: 1 });
    const alone = await model.forward(near.slice([[0, 1]])).embedding.data();
    const among = await model.forward(near).embedding.data();
    for (const [f, value] of alone.entries()) expect(among[f]).toBeCloseTo(value, 5);
  });

  test("wrong inputs are named", () => {
    expect(() => build().forward(tensor([1, 2], [1, 2]))).toThrow(
      "EggNet(hits): expected [N, 3] with N ≥ 1, got [1, 2]",
    );
    expect(() => build({ k: [3] })).toThrow(
      "EggNet(k): expected 2 numbers, one per iteration, got 1",
    );
    expect(() =>
      eggnetLoss(build().forward(someHits(4)), truthOf(4), { kind: "objectCondensation" }),
    ).toThrow("eggnetLoss(score): expected scores for objectCondensation, got none");
  });
});

describe("gradients", () => {
  test.each([{}, { isRecycled: false }, { hasRecurrentLayers: true, isRecurrent: false }])(
    "are the same when activations are computed again: %o",
    async (options) => {
      const grads = [false, true].map(
        (isCheckpointed) =>
          valueAndGrad(build({ ...options, isCheckpointed }), (m) => lossOf(m, 9, "contrastive"))
            .grads,
      );
      expect([...grads[1].keys()]).toEqual([...grads[0].keys()]);
      await realize(grads.flatMap((of) => [...of.values()]));
      // what arrives from two readers is added in another order: sums of some hundred terms of up to 0.1
      for (const [name, gradient] of grads[0])
        await assertClose(grads[1].get(name)!, gradient, 1e-6);
    },
  );

  test("of condensation are finite, whatever the score", async () => {
    const model = build({ hasScore: true });
    const { value, grads } = valueAndGrad(model, (m) => {
      const { embedding, score, graphs } = m.forward(someHits(9));
      const options = { kind: "objectCondensation" } as const;
      return eggnetLoss({ embedding, score: score!.mul(1e4), graphs }, truthOf(9), options).loss;
    });
    await realize([value, ...grads.values()]);
    expect(Number.isFinite(await value.item())).toBe(true);
    for (const [name, gradient] of grads)
      expect((await gradient.data()).every(Number.isFinite), name).toBe(true);
  });
});

test.each(["a hit", "a weight"])(
  "%s without a number stops a training with the op that read it",
  async (which) => {
    vi.stubEnv("TG_VERIFY", "0"); // which would stop at the first launch
    onTestFinished(() => void vi.unstubAllEnvs());
    const model = build();
    if (which === "a weight") {
      const name = "nodeEncoder.0.weight";
      const weight = parameters(model).get(name)!;
      const spoiled = Float32Array.from(await weight.data()).fill(Number.NaN, 3, 4);
      setParameters(model, new Map([[name, tensor(spoiled, weight.shape)]]));
    }
    function* events() {
      for (const event of [4, 5, 6, 7]) {
        const values = new Rng(event).normal([9, 3]);
        const isSpoiled = which === "a hit" && event === 6;
        yield { event, hits: isSpoiled ? values.mul(0).reciprocal().mul(0) : values };
      }
    }
    const training = train({
      model,
      optimizer: new Adam(model),
      batches: events,
      loss: (m, { hits }) => eggnetLoss(m.forward(hits), truthOf(9), { k: 3 }).loss,
      nameOf: ({ event }) => `event ${event}`,
      epochs: 1,
    });
    await expect(training).rejects.toThrow(
      which === "a hit"
        ? "at step 3 of event 6: mul f32 [9, 3] at [0, 0] is NaN, of reciprocal [9, 3] from "
        : "at step 1 of event 4: nodeEncoder.0.weight (piece) f32 [8, 3] at [1, 0] is NaN (a lower",
    );
  },
);

test("a hit without a place that is on no true edge stops a training, with a radius too", async () => {
  vi.stubEnv("TG_VERIFY", "0");
  onTestFinished(() => void vi.unstubAllEnvs());
  const lossWith = (model: EggNet, shift: number, maxDistance?: number) => {
    const { embedding, graphs } = model.forward(someHits(9));
    const ofHit0 = tensor(new Float32Array(36).fill(shift, 2, 3), [9, 4]).named("shift");
    const moved = { embedding: embedding.add(ofHit0), score: null, graphs };
    const options = { k: 3, ...(maxDistance !== undefined && { maxDistance }) };
    return eggnetLoss(moved, truthOf(9), options).loss;
  };
  for (const maxDistance of [undefined, 0.5]) {
    const training = (shift: number) => {
      const model = build();
      return train({
        model,
        optimizer: new Adam(model),
        batches: () => [{}],
        loss: (m) => lossWith(m, shift, maxDistance),
        nameOf: () => "event 4",
        epochs: 1,
      });
    };
    expect(await training(0)).toMatchObject({ steps: 1 });
    await expect(training(Number.NaN)).rejects.toThrow(
      "got NaN at step 1 of event 4: shift (input) f32 [9, 4] at [0, 2] is NaN",
    );
  }
});

test("random pairs are of all hits, with both ends their own", async () => {
  const { first, second } = randomPairs(new Rng(1), 5, 400);
  const [a, b] = [await first.data(), await second.data()];
  expect(new Set(a)).toEqual(new Set([0, 1, 2, 3, 4]));
  expect(new Set(b)).toEqual(new Set([0, 1, 2, 3, 4]));
  expect(a).not.toEqual(b);
});
