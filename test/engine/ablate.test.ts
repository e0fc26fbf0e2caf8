import { describe, expect, test } from "vitest";
import { ablate, diffPlans, explain, Rng, realize, softmax, withPlan } from "../../src/index.ts";
import { useDevice } from "../helpers/backends.ts";

useDevice("js");
const rows = async () => {
  const x = new Rng(1).normal([30, 20]);
  await realize([x]);
  return x;
};

describe("diffPlans", () => {
  test("names the launches that only one plan has", async () => {
    const y = (await rows()).exp().add(1).log();
    const fused = await explain([y]);
    const apart = await withPlan({ forbid: ["add"] }, () => explain([y]));
    const { gone, added, launches, bytes, text } = diffPlans(fused, apart);
    expect(gone.map(({ label }) => label)).toEqual(["log"]);
    expect(added.map(({ label }) => label)).toEqual(["add", "log"]);
    expect([launches, bytes]).toEqual([1, 2 * 4 * 600]);
    expect(text.split("\n")).toHaveLength(4);
    expect(diffPlans(fused, fused)).toMatchObject({ gone: [], added: [], launches: 0, bytes: 0 });
  });
});

describe("ablate", () => {
  test("runs every plan, and compares it with double precision", async () => {
    const x = await rows();
    const plans = { fused: {}, plain: { kernels: false }, unfused: { fuse: "off" as const } };
    const { rows: found, text } = await ablate(() => [softmax(x).exp().add(1)], plans, { runs: 3 });
    expect(found.map(({ plan }) => plan)).toEqual(Object.keys(plans));
    expect(found[0].launches).toBeLessThan(found[2].launches);
    expect(found[0].bytes).toBeLessThan(found[2].bytes);
    for (const { error, ms } of found) {
      expect(error).toBeGreaterThan(0); // in single precision
      expect(error).toBeLessThan(30 * 2 ** -24);
      expect(ms).toBeGreaterThan(0);
    }
    expect(text.split("\n")).toHaveLength(2 + 3);
  });

  test("several results, and a number of runs that is none", async () => {
    const x = await rows();
    const { rows: found } = await ablate(() => [x.sum(), x.mul(3)], { fused: {} }, { runs: 1 });
    expect(found[0].error).toBeLessThan(1e-5);
    await expect(ablate(() => [x.sum()], {}, { runs: 0 })).rejects.toThrow(
      "ablate(runs): expected a positive integer, got 0",
    );
  });
});
