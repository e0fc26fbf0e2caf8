/**
 * Gradients of perceptrons of rows, which compute the layers again. Rows are taken in stretches of
 * equal length: what each adds to the gradient of the parameters is one row of the result, so that these
 * can be summed side by side, and added up in the same order every time.
 */
import { gradients } from "../autograd.ts";
import { defineComposite, partOf } from "../composite.ts";
import { zeros } from "../create.ts";
import type { Attrs, Expr } from "../expr.ts";
import { layoutOf } from "../layout.ts";
import { pieces } from "../pack.ts";
import { concat, gather } from "../rows.ts";
import { scatterAdd } from "../segments.ts";
import { sizeOf } from "../shape.ts";
import { Tensor, wrap } from "../tensor.ts";
import { matmul } from "./contraction.ts";
import type { Part } from "./joinedLinear.ts";
import { parameterShapes, type RowStages, stagesOf } from "./perceptronStages.ts";
import { rowActivations } from "./rowActivations.ts";

/** Into how many stretches R rows are cut: long ones, but enough of them for every core. */
export const stretchesOf = (R: number): number => Math.max(1, Math.min(1024, Math.ceil(R / 256)));

/** Columns of `slopes`: of the first affine map, if rows are gathered into it; of own parts. */
export function slopeWidths(stages: RowStages): { first: number; own: number } {
  const { parts, gathered, widths } = stages;
  const own = parts.reduce((sum, width, part) => sum + (gathered[part] ? 0 : width), 0);
  return { first: gathered.some(Boolean) ? widths[0] : 0, own };
}

/**
 * Inputs: those of perceptronRows, then dL/dy f32 [R, O]; if rows were added up by segment (`isSummed`),
 * dL/dy f32 [S, O] and the segment of each row, u32 [R]. Result: dL/dflat per stretch of rows, f32 [P, T];
 * `slopes`: dL/dz₀ where rows are gathered, then that of the own parts, side by side.
 */
const perceptronRowsGradient = defineComposite({
  name: "perceptronRowsGradient",
  shape: (inputs) => [stretchesOf((inputs.at(-1) as Expr).shape[0]), inputs[0].shape[0]],
  compose: (inputs, { attrs, values: [epsilon], shape: [count] }) => {
    const { y, dy, tiled } = inStretches(inputs, attrs, { epsilon, count });
    return gradients(y, [tiled], dy)[0].expr;
  },
  parts: {
    slopes: {
      shape: (inputs, attrs) => {
        const { first, own } = slopeWidths(stagesOf(attrs));
        return [(inputs.at(-1) as Expr).shape[0], first + own];
      },
      compose: (inputs, { attrs, values: [epsilon], shape: [count] }) => {
        const { y, dy, added, own } = inStretches(inputs, attrs, { epsilon, count });
        const wanted = [added, own].filter((x) => x !== null);
        return concat(gradients(y, wanted, dy)).expr;
      },
    },
  },
});

/** The layers one by one, of rows [P, R / P, …], each stretch with parameters of its own, `tiled`. */
function inStretches(
  inputs: readonly Expr[],
  attrs: Attrs,
  { epsilon, count }: { epsilon: number; count: number },
) {
  const stages = stagesOf(attrs);
  const [flat, ...operands] = inputs.map((expr) => new Tensor(expr));
  const dy = attrs.isSummed
    ? gather(...(operands.splice(-2) as [Tensor, Tensor]))
    : (operands.pop() as Tensor);
  const [numRows, outputs] = dy.shape;
  const length = Math.max(1, Math.ceil(numRows / count));
  const stretched = (x: Tensor) =>
    x
      .pad([
        [0, count * length - numRows],
        [0, 0],
      ])
      .reshape([count, length, x.shape[1]]);
  const tiled = flat.reshape([1, -1]).expand([count, flat.size]);
  const shapes = parameterShapes(stages);
  const { starts } = layoutOf(shapes);
  const parameters = shapes.map((shape, which) => {
    const part = tiled.slice([null, [starts[which], starts[which] + sizeOf(shape)]]);
    return part.reshape([count, shape.length === 1 ? 1 : shape[0], shape.at(-1) as number]);
  });

  const { own, added, first } = firstMap(operands, stages, parameters);
  let y = first(stretched);
  const rest = parameters.slice(2);
  for (const layer of stages.widths.keys()) {
    if (layer > 0) {
      const [weight, bias] = rest.splice(0, 2);
      y = matmul(y, weight, { transposeB: true }).add(bias);
    }
    if (layer === stages.widths.length - 1) break;
    if (stages.norm !== "none") y = normalized(y, epsilon);
    if (stages.norm === "affine") y = y.mul(rest.shift() as Tensor).add(rest.shift() as Tensor);
    y = rowActivations[stages.activation].of(y);
  }
  y = rowActivations[stages.outputActivation].of(y);
  const rows = y.reshape([count * length, outputs]).slice([[0, numRows]]);
  return { y: rows, dy, tiled, own, added };
}

/** What goes into the first affine map, and its result. */
function firstMap(
  operands: readonly Tensor[],
  stages: RowStages,
  [weight, bias]: readonly Tensor[],
) {
  const { parts, gathered, widths } = stages;
  const ends = parts.map((_, part) =>
    parts.slice(0, part + 1).reduce((sum, width) => sum + width, 0),
  );
  const owned = parts.flatMap((_, part) => (gathered[part] ? [] : [part]));
  const repeated = parts.flatMap((_, part) => (gathered[part] ? [part] : []));
  const own = owned.length > 0 ? concat(operands.slice(0, owned.length)) : null;
  const [products, ...rows] = operands.slice(owned.length);
  const terms = repeated.map((part, which) =>
    gather(products, rows[which])
      .reshape([-1, widths[0], parts.length])
      .slice([null, null, [part, part + 1]])
      .reshape([-1, widths[0]]),
  );
  const added = terms.length > 0 ? terms.reduce((sum, term) => sum.add(term)) : null;
  const first = (stretched: (x: Tensor) => Tensor): Tensor => {
    let column = 0;
    const sums = owned.map((part) => {
      const x = (own as Tensor).slice([null, [column, column + parts[part]]]);
      column += parts[part];
      const block = weight.slice([null, null, [ends[part] - parts[part], ends[part]]]);
      return matmul(stretched(x), block, { transposeB: true });
    });
    if (added) sums.push(stretched(added));
    return sums.reduce((sum, term) => sum.add(term)).add(bias);
  };
  return { own, added, first };
}

function normalized(x: Tensor, epsilon: number): Tensor {
  const centred = x.sub(x.mean({ axes: 2, keepAxes: true }));
  const variance = centred.square().mean({ axes: 2, keepAxes: true });
  return centred.mul(variance.add(epsilon).rsqrt());
}

/**
 * Gradients of the inputs of a perceptron from dL/dy: of all parameters, and per part of x, or of x and
 * rows if it is gathered. `operands` are those of perceptronRows. With `target`, the segment of each row,
 * dL/dy is that of sums by segment.
 */
export function perceptronGradients(
  dy: Tensor,
  operands: readonly Tensor[],
  { parameters, parts }: { parameters: readonly Tensor[]; parts: readonly Part[] },
  { attrs, values }: Pick<Expr, "attrs" | "values">,
  target: Tensor | null = null,
): (Tensor | null)[] {
  const stages = stagesOf(attrs);
  const inputs = [...operands, dy, ...(target ? [target] : [])];
  const exprs = inputs.map(({ expr }) => expr);
  const structure = target ? { ...attrs, isSummed: true } : attrs;
  const perStretch = perceptronRowsGradient(exprs, structure, values);
  const slopes = wrap(partOf(perStretch, "slopes"), inputs);
  const dFlat = wrap(perStretch, inputs).sum({ axes: 0 });
  const { first } = slopeWidths(stages);
  const dFirst = slopes.slice([null, [0, first]]);
  const ofNodes = first > 0 ? nodeGradients(dFirst, parameters[0], parts) : null;
  const dBlocks = ofNodes?.dBlocks.reshape([-1]); // they are all of the first weight
  const sum = dBlocks ? dFlat.add(dBlocks.pad([[0, dFlat.size - dBlocks.size]])) : dFlat;
  let column = first;
  let dx = ofNodes?.dx ?? null;
  const dParts = parts.flatMap(({ rows }, part) => {
    if (rows) {
      const found = [dx, null];
      dx = null; // all gathered parts have the same x
      return found;
    }
    column += stages.parts[part];
    return [slopes.slice([null, [column - stages.parts[part], column]])];
  });
  return [...pieces(sum, parameterShapes(stages)), ...dParts];
}

/** Of the node array that rows are gathered from, and of the blocks of the weight they meet. */
function nodeGradients(dz: Tensor, weight: Tensor, parts: readonly Part[]) {
  const { x } = parts.find(({ rows }) => rows !== null) as Part;
  const [numNodes, width] = x.shape;
  const shape = [numNodes, dz.shape[1], 1];
  // of all blocks of columns beside each other, as the weight lies
  const received = parts.map(({ rows }) =>
    rows ? scatterAdd(dz, rows, numNodes).reshape(shape) : zeros(shape),
  );
  const slope = concat(received).reshape([numNodes, -1]);
  return {
    dx: matmul(slope, weight.reshape([-1, width])),
    dBlocks: matmul(slope, x, { transposeA: true }),
  };
}
