/** Cases: functions and points at which gradients are checked, on any backend. */
import { concat, gradients, realize, type Shape, type Tensor, zeros } from "../../../src/index.ts";
import {
  adjointCheck,
  assertClose,
  gradcheck,
  type Random,
  randomShape,
  randomTensor,
  randomView,
  type ShapeOptions,
} from "../../../src/testing/index.ts";

export interface Case {
  text: string;
  /** On the host; f32, or of other dtypes, which have no gradient. */
  inputs: readonly Tensor[];
  f: (...inputs: Tensor[]) => Tensor;
  /** Whether f is linear in each of its inputs, but for what the others add. */
  isLinear?: boolean;
}

export type Sampler = (random: Random) => Case;
export type Domain = readonly [low: number, high: number];

/** Every element costs some evaluations, so shapes are small. */
export function smallShape(random: Random, options: ShapeOptions = {}): number[] {
  for (;;) {
    const shape = randomShape(random, { maxSize: 3, ...options });
    if (shape.reduce((n, size) => n * size, 1) <= 12) return shape;
  }
}

/** A tensor of a shape: as it lies in memory, or seen through a view. */
interface Operand {
  text: string;
  leaf: Tensor;
  apply: (leaf: Tensor) => Tensor;
}

export function operand(random: Random, shape: Shape, domain: Domain = [-2, 2]): Operand {
  const { text, base, apply } = randomView(random, shape);
  return { text: `${text} [${shape}]`, leaf: randomTensor(random, base, { domain }), apply };
}

/** A case of an op on operands. */
export function caseOf(
  op: string,
  operands: readonly Operand[],
  f: (...operands: Tensor[]) => Tensor,
): Case {
  return {
    text: `${op}(${operands.map(({ text }) => text).join(", ")})`,
    inputs: operands.map(({ leaf }) => leaf),
    f: (...leaves) => f(...operands.map(({ apply }, which) => apply(leaves[which]))),
  };
}

/** The gradients of all f32 inputs, one after the other as one axis. */
function gradientOf({ f, inputs }: Case, seed: Tensor, at: readonly Tensor[] = inputs): Tensor {
  const floats = at.filter(({ dtype }) => dtype === "f32");
  return concat(gradients(f(...at), floats, seed).map((gradient) => gradient.reshape([-1])));
}

/** First and second derivatives against differences; linear in the seed; for linear ops, the adjoint. */
export async function checkCase(sample: Case, random: Random): Promise<void> {
  const { f, inputs, isLinear } = sample;
  await gradcheck(f, inputs, { random });

  const { shape } = f(...inputs);
  const seeds = [randomTensor(random, shape), randomTensor(random, shape)];
  const sum = seeds[0].mul(3).sub(seeds[1].mul(0.5));
  const [both, first, second] = [sum, ...seeds].map((seed) => gradientOf(sample, seed));
  const combined = first.mul(3).sub(second.mul(0.5));
  await realize([both, combined]);
  await assertClose(both, combined, 1e-13); // rounding in double precision

  // 1e-6: the differences are taken of a gradient, which rounds more than the function
  const gradient = (seed: Tensor, ...at: Tensor[]) => gradientOf(sample, seed, at);
  await gradcheck(gradient, [seeds[0], ...inputs], { random, tolerance: 1e-6 });

  for (const [which, input] of inputs.entries())
    if (isLinear && input.dtype === "f32") {
      const rest = f(...inputs.with(which, zeros(input.shape))); // what the other inputs contribute
      await adjointCheck((x) => f(...inputs.with(which, x)).sub(rest), input, { random });
    }
}
