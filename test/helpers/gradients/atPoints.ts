/** Gradients at single points, which differences cannot check: kinks, ends of domains, saturation. */
import {
  concat,
  currentDevice,
  gradients,
  realize,
  type Tensor,
  tensor,
} from "../../../src/index.ts";
import { assertClose } from "../../../src/testing/index.ts";

type Data = readonly number[];

/** Some roundings, in double precision or in single. */
export const rounding = () => (currentDevice().backend.precision === "f64" ? 1e-12 : 2e-5);

/** The gradients of Σ f(x…) are these. */
export async function expectGradients(
  f: (...inputs: Tensor[]) => Tensor,
  inputs: readonly Data[],
  expected: readonly Data[],
): Promise<void> {
  const at = inputs.map((data) => tensor(data));
  const found = gradients(f(...at).sum(), at);
  await realize(found);
  for (const [which, data] of expected.entries()) await assertClose(found[which], data, rounding());
}

/** First and second derivatives of Σ f(x…) are numbers, neither NaN nor infinite. */
export async function expectFinite(
  f: (...inputs: Tensor[]) => Tensor,
  ...inputs: Data[]
): Promise<void> {
  const at = inputs.map((data) => tensor(data));
  const first = gradients(f(...at).sum(), at);
  const second = gradients(concat(first).sum(), at);
  for (const found of [...first, ...second])
    if (!(await found.data()).every(Number.isFinite))
      throw new Error(
        `expected finite derivatives at ${inputs.join("; ")}, got ${await found.data()}`,
      );
}
