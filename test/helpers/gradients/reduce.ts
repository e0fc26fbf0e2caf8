/** Every reduction that has a derivative, over any axes. */
import { type ReduceName, reduce } from "../../../src/engine/ops/reduce.ts";
import type { ReduceOptions, Tensor } from "../../../src/index.ts";
import { chance, type Random } from "../../../src/testing/index.ts";
import { type Case, caseOf, operand, type Sampler, smallShape } from "./case.ts";

function over(
  random: Random,
  name: string,
  canBeEmpty: boolean,
  apply: (x: Tensor, options: ReduceOptions) => Tensor,
): Case {
  const shape = smallShape(random, { canBeEmpty, maxRank: 4 });
  const axes = shape.map((_, axis) => axis).filter(() => chance(random));
  const options = chance(random, 0.2) ? {} : { axes, keepAxes: chance(random) };
  const text = `${name}${JSON.stringify(options)}`;
  return caseOf(text, [operand(random, shape)], (x) => apply(x, options));
}

export const reduceSamplers: Record<string, Sampler> = {
  mean: (random) => ({
    ...over(random, "mean", false, (x, options) => x.mean(options)),
    isLinear: true,
  }),
};

for (const [name, { grad, ofNothing }] of Object.entries(reduce))
  if (grad)
    reduceSamplers[name] = (random) => ({
      ...over(random, name, ofNothing, (x, options) => x[name as ReduceName](options)),
      isLinear: name === "sum",
    });
