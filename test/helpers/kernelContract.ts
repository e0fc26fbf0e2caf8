/** What every kernel of the catalogue keeps: reference = composition = its program on a backend. */
import { describe, expect, test, vi } from "vitest";
import { kernels } from "../../kernels/index.ts";
import { realize } from "../../src/index.ts";
import { useDevice, withEnv } from "./backends.ts";
import {
  type KernelCase,
  type KernelName,
  kernelCases,
  largestError,
  referenceOf,
} from "./kernelCases.ts";

interface ContractOptions {
  /** Random sizes per kernel and choice of attributes. */
  cases: number;
  /** Allowed error relative to max(1, |y|); inputs are within ±1, sums have at most 33 terms. */
  tolerance: number;
}

export function describeKernels(
  backend: "js-f64" | "wasm" | "webgpu",
  { cases, tolerance }: ContractOptions,
): void {
  describe.each(Object.keys(kernels) as KernelName[])(`kernel %s on ${backend}`, (name) => {
    const device = useDevice(backend);
    const samples = kernelCases(name, cases, 1);
    const compare = async (sample: KernelCase) => {
      const results = sample.build();
      await realize(results);
      for (const [which, want] of referenceOf(sample).entries())
        expect(
          largestError(await results[which]!.data(), want),
          `${sample.text}, result ${which}`,
        ).toBeLessThan(tolerance);
    };

    test("equals its reference", async () => {
      for (const sample of samples) await compare(sample);
    });

    test("can be switched off: its composition equals the reference too", async () => {
      const compileKernel = vi.spyOn(device().backend, "compileKernel");
      await withEnv({ TG_KERNELS: "0" }, async () => {
        for (const sample of samples) await compare(sample);
      });
      expect(compileKernel).not.toHaveBeenCalled();
      compileKernel.mockRestore();
    });
  });
}
