/** Attention among rows of segments: launches, and values where a plain sum of exponentials fails. */
import { describe, expect, test } from "vitest";
import {
  explain,
  gradients,
  indices,
  ones,
  realize,
  segmentAttention,
  segmentsOf,
  tensor,
} from "../../src/index.ts";
import { useDevice } from "../helpers/backends.ts";
import { randomFrom } from "../helpers/generate.ts";

describe.each(["js", "wasm", "webgpu"] as const)("on %s", (backend) => {
  useDevice(backend);

  test("forward is one launch, and nothing of the size of the edges is stored", async () => {
    const segments = segmentsOf(indices([0, 2, 2]), 3);
    const y = segmentAttention(ones([3, 2]), ones([3, 2, 5]), segments);
    await realize([y]);
    const [scores, values] = [ones([3, 2]).exp(), ones([3, 2, 5]).exp()];
    await realize([scores, values]);
    const { launches } = await explain([segmentAttention(scores, values, segments).mul(2)]);
    expect(launches.map(({ label }) => label)).toEqual(["segmentAttention+mul"]);
    expect(launches[0].stores).toEqual([expect.stringContaining("f32 [3, 2, 5]")]);
  });

  test("backward is two launches: a sum per segment, then both gradients", async () => {
    const [scores, values, dy] = [
      [3, 2],
      [3, 2, 5],
      [3, 2, 5],
    ].map((shape) => ones(shape).exp());
    await realize([scores, values, dy]);
    const y = segmentAttention(scores, values, segmentsOf(indices([0, 2, 2]), 3));
    const { launches } = await explain([y, ...gradients(y, [scores, values], dy)]);
    expect(launches.map(({ label }) => label)).toEqual([
      "segmentAttention",
      "sum",
      "segmentAttentionGradient",
    ]);
  });

  test("a long segment, an empty one, equal indices, scores beyond the range of exp", async () => {
    const count = 5000;
    const random = randomFrom(3);
    const scores = Float32Array.from({ length: count + 3 }, () => 200 * random() - 100);
    scores.set([300, 300, -300], count);
    const values = Float32Array.from({ length: count + 3 }, random);
    const target = new Uint32Array(count + 3).fill(1, 0, count).fill(2, count, count + 2);
    target[count + 2] = 0; // segment 3 is empty
    const y = await segmentAttention(
      tensor(scores, [count + 3, 1]),
      tensor(values, [count + 3, 1, 1]),
      segmentsOf(indices(target), 4),
    ).data();
    const greatest = Math.max(...scores.subarray(0, count));
    const weights = Array.from(scores.subarray(0, count), (s) => Math.exp(s - greatest));
    const total = weights.reduce((a, b) => a + b);
    const mean = weights.reduce((sum, w, e) => sum + (w / total) * values[e], 0);
    expect(y[0]).toBeCloseTo(values[count + 2], 6);
    // 1e-5: some 25 weights within e⁻¹ of the greatest, each good to 2e-6 of itself (exp of WGSL)
    expect(Math.abs(y[1] - mean)).toBeLessThan(1e-5);
    expect(y[2]).toBeCloseTo((values[count] + values[count + 1]) / 2, 6);
    expect(y[3]).toBe(0);
  });
});
