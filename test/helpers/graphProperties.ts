/** Random graphs: fused, unfused, without kernels and on other sizes, they equal the oracle. */
import fc from "fast-check";
import { describe, test } from "vitest";
import { useDevice, withEnv } from "./backends.ts";
import { randomGraph } from "./graphs.ts";
import type { PropertyOptions } from "./opProperties.ts";
import { accuracies, check, type TestedBackend } from "./samples.ts";

const modes: Record<string, Record<string, string>> = {
  fused: {},
  "with TG_FUSE=0": { TG_FUSE: "0" },
  "with TG_KERNELS=0": { TG_KERNELS: "0" },
};

export function describeGraphs(backend: TestedBackend, { runs, seed }: PropertyOptions): void {
  describe(`random graphs on ${backend} equal the oracle`, () => {
    useDevice(backend);
    const accuracy = accuracies[backend];
    const inputs = {
      seed: fc.nat(),
      steps: fc.integer({ min: 1, max: 16 }),
      sizes: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 2, maxLength: 3 }),
    };

    for (const [mode, switches] of Object.entries(modes))
      for (const dtype of ["f32", "i32", "u32"] as const)
        test(`${dtype} ${mode}`, () =>
          fc.assert(
            fc.asyncProperty(fc.record(inputs), ({ seed: structure, steps, sizes }) =>
              withEnv(switches, async () => {
                await check(randomGraph(structure, { dtype, steps, sizes }), accuracy);
                // the same structure again: axes of size 1, and other sizes, meet the same plan
                const others = sizes.map((n) => (n % 3) + 1);
                await check(randomGraph(structure, { dtype, steps, sizes: others }), accuracy);
              }),
            ),
            { numRuns: runs, seed },
          ));

    test("with an empty axis", () =>
      fc.assert(
        fc.asyncProperty(fc.record(inputs), ({ seed: structure, steps, sizes }) =>
          check(randomGraph(structure, { dtype: "f32", steps, sizes: [0, ...sizes] }), accuracy),
        ),
        { numRuns: runs, seed },
      ));
  });
}
