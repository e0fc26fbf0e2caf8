/** Every elementwise op of the tables that takes and gives floats, also those without a derivative. */
import { binary, type ElementwiseOp, unary } from "../../../src/engine/ops/elementwise.ts";
import { broadcastingShape, type Random, randomTensor } from "../../../src/testing/index.ts";
import { caseOf, operand, type Sampler, smallShape } from "./case.ts";

const isOfFloats = ({ takes, gives = "f32" }: ElementwiseOp) =>
  takes.includes("f32") && gives === "f32";

export const elementwiseSamplers: Record<string, Sampler> = {};

for (const [name, row] of Object.entries(unary) as [keyof typeof unary, ElementwiseOp][])
  if (isOfFloats(row))
    elementwiseSamplers[name] = (random) =>
      caseOf(name, [operand(random, smallShape(random), row.domain)], (x) => x[name]());

for (const [name, row] of Object.entries(binary) as [keyof typeof binary, ElementwiseOp][])
  if (isOfFloats(row)) {
    const draw = (random: Random) => operand(random, smallShape(random), row.domain);
    elementwiseSamplers[name] = (random) => {
      const shape = smallShape(random);
      const operands = [0, 1].map(() =>
        operand(random, broadcastingShape(random, shape), row.domain),
      );
      return caseOf(name, operands, (x, y) => x[name](y));
    };
    elementwiseSamplers[`${name} with a number`] = (random) => {
      const number = (row.domain[0] + 2 * row.domain[1]) / 3;
      return caseOf(`${name} ${number}`, [draw(random)], (x) => x[name](number));
    };
    elementwiseSamplers[`${name} with itself`] = (random) =>
      caseOf(`${name} itself`, [draw(random)], (x) => x[name](x));
  }

elementwiseSamplers.select = (random) => {
  const shape = smallShape(random);
  const condition = randomTensor(random, broadcastingShape(random, shape), { dtype: "bool" });
  const operands = [0, 1].map(() => operand(random, broadcastingShape(random, shape)));
  return caseOf("select", operands, (x, y) => condition.select(x, y));
};
