/** Multi-layer perceptrons of rows, as one op: nothing but the result is stored, forward or backward. */
import { defineComposite } from "../composite.ts";
import type { Attrs, Expr } from "../expr.ts";
import { pack } from "../pack.ts";
import { concat, gather } from "../rows.ts";
import { Tensor, wrap } from "../tensor.ts";
import { matmul } from "./contraction.ts";
import { joinedParts, type Part, partsOf } from "./joinedLinear.ts";
import { linear } from "./linear.ts";
import { perceptronGradients } from "./perceptronGradient.ts";
import { finishRows, perceptronRows } from "./perceptronRows.ts";
import {
  type PerceptronOptions,
  parameterShapes,
  type RowStages,
  stagesOf,
} from "./perceptronStages.ts";

/** Inputs: all parameters, then per part x, or x and rows if it is gathered. */
export const perceptronOf = defineComposite({
  name: "perceptron",
  shape: (inputs, attrs) => {
    const stages = stagesOf(attrs);
    const [first, rows] = inputs.slice(parameterShapes(stages).length);
    return [(stages.gathered[0] ? rows : first).shape[0], stages.widths.at(-1) as number];
  },
  compose: (inputs, { attrs, values: [epsilon] }) => {
    const { stages, parameters, parts } = readInputs(inputs, attrs);
    const x = concat(parts.map(({ x, rows }) => (rows ? gather(x, rows) : x)));
    const first = linear(x, parameters[0], parameters[1]);
    return finishRows(first, parameters, stages, epsilon).expr;
  },
  rewrite: {
    because: "one launch takes rows through all layers",
    to: (inputs, { attrs, values }) => {
      const operands = rowOperands(readInputs(inputs, attrs));
      const exprs = operands.map(({ expr }) => expr);
      return perceptronRows(exprs, attrs, values);
    },
  },
  grad: (dy, inputs, _y, { attrs, values }) => {
    const exprs = inputs.map(({ expr }) => expr);
    const read = readInputs(exprs, attrs);
    return perceptronGradients(dy, rowOperands(read), read, { attrs, values });
  },
});

/** The inputs of perceptronRows: nodes are multiplied once, however many rows repeat them. */
export function rowOperands({
  stages,
  parameters,
  parts,
}: ReturnType<typeof readInputs>): Tensor[] {
  const repeated = parts.filter(({ rows }) => rows !== null);
  const own = parts.filter(({ rows }) => rows === null);
  const operands = [pack(parameters), ...own.map(({ x }) => x)];
  if (repeated.length === 0) return operands;
  // every block of columns at once: as the weight lies, none has to be copied
  const blocks = parameters[0].reshape([-1, stages.parts[0]]);
  const products = matmul(repeated[0].x, blocks, { transposeB: true });
  return [...operands, products, ...repeated.map(({ rows }) => rows as Tensor)];
}

export function readInputs(inputs: readonly Expr[], attrs: Attrs) {
  const stages = stagesOf(attrs);
  const count = parameterShapes(stages).length;
  const parameters = inputs.slice(0, count).map((expr) => new Tensor(expr));
  return { stages, parameters, parts: partsOf(inputs.slice(count), attrs) };
}

/** A row and its intermediate results live in registers or workgroup memory. */
export const widestRow = 256;

/**
 * The perceptron of x f32 [R, K], or null where it has no single launch: with a row wider than 256, or
 * rows gathered from several tensors or of other widths than what they are joined with.
 *
 * `parameters`: per affine map weight [O, I] and bias [O], and if norms are affine their scale and shift.
 */
export function perceptron(
  x: Tensor,
  parameters: readonly Tensor[],
  { epsilon, ...options }: PerceptronOptions,
): Tensor | null {
  const found = inOneLaunch(x, options);
  if (!found) return null;
  const inputs = [...parameters, ...found.operands];
  const exprs = inputs.map(({ expr }) => expr);
  return wrap(perceptronOf(exprs, { ...found.stages }, [epsilon]), inputs);
}

/** What x is joined from, if rows of it can go through all layers in one launch. */
export function inOneLaunch(
  x: Tensor,
  options: Omit<PerceptronOptions, "epsilon">,
): { stages: RowStages; operands: Tensor[] } | null {
  if (x.rank !== 2) return null;
  const parts = joinedParts(x);
  const widths = parts.map((part) => part.x.shape[1]);
  const stages = { ...options, parts: widths, gathered: parts.map(({ rows }) => Number(!!rows)) };
  if (!hasOneLaunch(parts, stages)) return null;
  return { stages, operands: parts.flatMap(({ x, rows }) => (rows ? [x, rows] : [x])) };
}

function hasOneLaunch(parts: readonly Part[], { parts: widths, ...stages }: RowStages): boolean {
  const repeated = parts.filter(({ rows }) => rows !== null);
  const own = widths.filter((_, part) => !stages.gathered[part]);
  const isNarrow =
    Math.max(
      own.reduce((a, b) => a + b, 0),
      ...stages.widths,
    ) <= widestRow;
  const isSame = repeated.every(({ x }) => x.expr === repeated[0].x.expr);
  return isNarrow && (repeated.length === 0 || (isSame && new Set(widths).size === 1));
}
