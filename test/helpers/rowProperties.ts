/** Launches over rows and columns: fused = unfused, and other sizes meet the same plans. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type BackendName, explain, realize } from "../../src/index.ts";
import { useDevice, withEnv } from "./backends.ts";
import type { PropertyOptions } from "./opProperties.ts";
import { rowGraph } from "./rowGraphs.ts";

/** At most some 60 ops of values within ±2, and sums of 9 · 9 such terms, 4 at a time: 2⁻²³ · 60 · 81 · 4. */
const tolerances = { f32: 3e-3, f64: 6e-12 };

export function describeRows(backend: BackendName, { runs, seed }: PropertyOptions): void {
  describe(`random rows and columns on ${backend}`, () => {
    const device = useDevice(backend);
    const sizes = fc.tuple(fc.integer({ min: 2, max: 9 }), fc.integer({ min: 2, max: 9 }));

    test("give fused what they give unfused, in fewer launches", () =>
      fc.assert(
        fc.asyncProperty(fc.nat(), sizes, async (structure, shape) => {
          const [fused, plain] = [rowGraph(structure, shape), rowGraph(structure, shape)];
          const few = (await explain(fused)).launches.length;
          await realize(fused);
          await withEnv({ TG_FUSE: "0", TG_KERNELS: "0" }, async () => {
            const many = (await explain(plain)).launches.length;
            expect(few).toBeLessThanOrEqual(many);
            await realize(plain);
          });
          const tolerance = tolerances[device().backend.precision];
          for (const [which, y] of fused.entries()) {
            const want = await plain[which]!.data();
            for (const [i, value] of (await y.data()).entries())
              expect(Math.abs(value - want[i]!)).toBeLessThan(tolerance);
          }
        }),
        { numRuns: runs, seed },
      ));

    test("are planned once, whatever the sizes, if these are at least 2", () =>
      fc.assert(
        fc.asyncProperty(fc.nat(), sizes, sizes, async (structure, first, second) => {
          await explain(rowGraph(structure, first));
          const { plans, pipelines } = device().stats();
          await explain(rowGraph(structure, second));
          const now = device().stats();
          expect([now.plans, now.pipelines]).toEqual([plans, pipelines]);
        }),
        { numRuns: runs, seed },
      ));
  });
}
