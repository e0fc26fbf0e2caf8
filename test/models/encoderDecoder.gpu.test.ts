/** The encoder–decoder on every backend: the loss and all gradients are those in double precision. */
import { beforeAll, expect, test } from "vitest";
import { EncoderDecoder, nextHitLoss, sequenceBatch } from "../../models/index.ts";
import { type BackendName, Rng, realize, valueAndGrad } from "../../src/index.ts";
import { openDevice } from "../../src/node/open.ts";
import { randomFrom } from "../../src/testing/random.ts";

const sizes = { width: 8, numHeads: 2, hiddenDim: 12, numInduced: 3, maxSteps: 8 };

/** Two events of tracks with three to six hits anywhere. */
function batch() {
  const random = randomFrom(5);
  const samples = [5, 3].map((numTracks) => {
    const particle = Array.from({ length: numTracks }, (_, t) =>
      new Array<number>(3 + (t % 4)).fill(t + 1),
    ).flat();
    const numHits = particle.length;
    const column = () => Float64Array.from({ length: numHits }, () => random());
    const [x, y, z] = [column(), column(), column()];
    const features = Float32Array.from({ length: 3 * numHits }, (_, i) =>
      Math.fround([x, y, z][i % 3]![Math.floor(i / 3)]!),
    );
    const hits = { features, numHits, numFeatures: 3 };
    const truth = { particle, weight: particle.map(() => 1) };
    return { name: "", hits, positions: { x, y, z }, targets: hits, truth };
  });
  return sequenceBatch(samples, sizes);
}

async function gradientsOn(backend: BackendName): Promise<Map<string, number[]>> {
  const device = await openDevice({ backend });
  try {
    const model = new EncoderDecoder({ ...sizes, rng: new Rng(9) });
    const { value, grads } = valueAndGrad(model, (m) => nextHitLoss(m, batch()));
    await realize([value, ...grads.values()]); // in one plan
    const found = new Map([["loss", [await value.item()]]]);
    for (const [name, grad] of grads) found.set(name, [...(await grad.data())]);
    return found;
  } finally {
    await device.close();
  }
}

let exact: Map<string, number[]>;
beforeAll(async () => {
  exact = await gradientsOn("js-f64");
});

test.each(["js", "wasm", "webgpu"] as const)("on %s", async (backend) => {
  const found = await gradientsOn(backend);
  expect([...found.keys()]).toEqual([...exact.keys()]);
  // the gradient of a bias of keys is 0 up to rounding: all scores of a query move alike
  const greatest = Math.max(...[...exact.values()].flat().map(Math.abs));
  for (const [name, wanted] of exact)
    wanted.forEach((value, i) => {
      // a hundred f32 terms, through six layer norms: 100 · 2⁻²⁴ · 10
      expect(Math.abs(found.get(name)![i]! - value), name).toBeLessThan(6e-5 * greatest);
    });
});
