/** How far tensors are from those of published trainings. */
import type { Safetensors } from "../../src/engine/formats/safetensors.ts";
import type { BackendName, Tensor } from "../../src/index.ts";

const backends: readonly BackendName[] = ["js-f64", "js", "wasm", "webgpu"];

/** Every case on every backend. No suites by backend: one without cases would fail. */
export const onBackends = <Case extends object>(
  cases: readonly Case[],
): (Case & { backend: BackendName })[] =>
  backends.flatMap((backend) => cases.map((entry) => ({ ...entry, backend })));

/** Largest difference between tensors of a file and ours, relative to the largest entry of each. */
export async function difference(
  expected: Safetensors,
  actual: (name: string) => Promise<ArrayLike<number>> | undefined,
): Promise<number> {
  let worst = 0;
  for (const [name, { data }] of expected.tensors) {
    const ours = await actual(name);
    if (!ours) throw new Error(`expected ${name}, got none`);
    const size = Math.max(...Array.from(data as Float64Array, Math.abs), 1e-6);
    for (let i = 0; i < data.length; i++)
      worst = Math.max(worst, Math.abs(Number(data[i]) - ours[i]) / size);
  }
  return worst;
}

// Gradients: sums of some hundred float32 terms, relative to the largest entry of their tensor.
export const gradTolerance: Record<string, number> = {
  "js-f64": 1e-5,
  js: 2e-5,
  wasm: 5e-5,
  webgpu: 5e-5,
};

/**
 * Largest distance from stored parameters, as a fraction of what rounding of the gradients allows.
 * Adam's first steps are rate · g / (|g| + ε): an error δ of a gradient g moves a parameter by
 * rate · δ/|g|, and by up to 2 · rate where g itself is rounding (the biases of attention keys).
 */
export async function excess(
  expected: Safetensors,
  grads: Safetensors,
  actual: ReadonlyMap<string, Tensor>,
  { rate, steps, tolerance }: { rate: number; steps: number; tolerance: number },
): Promise<number> {
  let worst = 0;
  for (const [name, { data }] of expected.tensors) {
    const ours = (await actual.get(name)?.data()) ?? [];
    const g = Array.from(grads.tensors.get(name)?.data as Float64Array, Math.abs);
    const error = tolerance * Math.max(...g, 1e-6);
    for (let i = 0; i < data.length; i++) {
      const allowed = rate * steps * Math.min(2, (3 * error) / Math.max(g[i], 1e-30)) + 1e-7;
      worst = Math.max(worst, Math.abs(Number(data[i]) - ours[i]) / allowed);
    }
  }
  return worst;
}
