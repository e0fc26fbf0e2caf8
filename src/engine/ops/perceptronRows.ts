/** Perceptrons of rows as a kernel takes them: parameters in one pack, gathered rows multiplied before. */
import { defineComposite } from "../composite.ts";
import { ones, zeros } from "../create.ts";
import type { Expr } from "../expr.ts";
import { pieces } from "../pack.ts";
import { gather } from "../rows.ts";
import { Tensor } from "../tensor.ts";
import { matmul } from "./contraction.ts";
import { linear } from "./linear.ts";
import { layerNorm } from "./normalize.ts";
import { parameterShapes, type RowStages, stagesOf } from "./perceptronStages.ts";
import { rowActivations } from "./rowActivations.ts";

/** Applies what follows the first affine map; `parameters` are those of all. */
export function finishRows(
  first: Tensor,
  parameters: readonly Tensor[],
  stages: RowStages,
  epsilon: number,
): Tensor {
  const rest = parameters.slice(2);
  let y = first;
  for (const layer of stages.widths.keys()) {
    if (layer > 0) y = linear(y, rest.shift() as Tensor, rest.shift() as Tensor);
    if (layer === stages.widths.length - 1) return rowActivations[stages.outputActivation].of(y);
    const width = [stages.widths[layer]];
    const plain = [ones(width), zeros(width)];
    const [scale, shift] = stages.norm === "affine" ? rest.splice(0, 2) : plain;
    if (stages.norm !== "none") y = layerNorm(y, scale, shift, epsilon);
    y = rowActivations[stages.activation].of(y);
  }
  return y;
}

/**
 * Inputs: the pack of all parameters, the parts that are no gathered rows, and where some are: the
 * products of all rows of x with every block of columns, [N, widths[0] · parts], and the rows wanted.
 */
export const perceptronRows = defineComposite({
  name: "perceptronRows",
  shape: (inputs, attrs) => {
    const { widths } = stagesOf(attrs);
    return [(inputs.at(-1) as Expr).shape[0], widths.at(-1) as number];
  },
  compose: (inputs, { attrs, values: [epsilon] }) => {
    const stages = stagesOf(attrs);
    const [flat, ...operands] = inputs.map((expr) => new Tensor(expr));
    const parameters = pieces(flat, parameterShapes(stages));
    const own = stages.gathered.flatMap((isGathered, part) => (isGathered ? [] : [part]));
    const ends = stages.parts.map((_, part) =>
      stages.parts.slice(0, part + 1).reduce((sum, width) => sum + width),
    );
    const blockOf = (part: number) =>
      parameters[0].slice([null, [ends[part] - stages.parts[part], ends[part]]]);
    const terms = own.map((part, which) =>
      matmul(operands[which], blockOf(part), { transposeB: true }),
    );
    const [products, ...rows] = operands.slice(own.length);
    const repeated = stages.gathered.flatMap((isGathered, part) => (isGathered ? [part] : []));
    for (const [which, part] of repeated.entries()) {
      const ofPart = gather(products, rows[which]).reshape([-1, stages.widths[0], ends.length]);
      terms.push(ofPart.slice([null, null, [part, part + 1]]).reshape([-1, stages.widths[0]]));
    }
    const first = terms.reduce((sum, term) => sum.add(term)).add(parameters[1]);
    return finishRows(first, parameters, stages, epsilon).expr;
  },
});
