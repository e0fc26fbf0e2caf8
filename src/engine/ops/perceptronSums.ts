/**
 * Perceptrons of rows that are added up by segment, as messages are at the nodes where they arrive:
 *
 *   y[s] = Σ perceptron(x[r]) over the rows r of segment s
 *
 * No row is stored, forward or backward: a segment's gradient is read by each of its rows.
 */
import { defineComposite } from "../composite.ts";
import { ShapeError } from "../errors.ts";
import type { Expr } from "../expr.ts";
import { type Segments, segmentSum, segmentsIn, segmentValues } from "../segments.ts";
import { showShape } from "../shape.ts";
import { Tensor, wrap } from "../tensor.ts";
import { inOneLaunch, perceptronOf, readInputs, rowOperands } from "./perceptron.ts";
import { perceptronGradients } from "./perceptronGradient.ts";
import { perceptronRows } from "./perceptronRows.ts";
import { type PerceptronOptions, stagesOf } from "./perceptronStages.ts";

/** The inputs of the rows, and the segments that follow them. */
const split = <T>(inputs: readonly T[]): [rows: readonly T[], segments: readonly T[]] => [
  inputs.slice(0, -3),
  inputs.slice(-3),
];
const sumOf = (rows: Expr, segments: readonly Expr[]): Expr =>
  segmentSum(new Tensor(rows), segmentsIn(segments.map((expr) => new Tensor(expr)))).expr;
const shape = (inputs: readonly Expr[], attrs: Expr["attrs"]) => [
  (inputs.at(-3) as Expr).shape[0] - 1,
  stagesOf(attrs).widths.at(-1) as number,
];

/** Inputs: those of perceptronRows, then `segmentValues`. */
const perceptronSums = defineComposite({
  name: "perceptronSums",
  shape,
  compose: (inputs, { attrs, values }) => {
    const [rows, segments] = split(inputs);
    return sumOf(perceptronRows(rows, attrs, values), segments);
  },
});

/** Inputs: those of perceptron, then `segmentValues`. */
const summedPerceptron = defineComposite({
  name: "summedPerceptron",
  shape,
  compose: (inputs, { attrs, values }) => {
    const [rows, segments] = split(inputs);
    return sumOf(perceptronOf(rows, attrs, values), segments);
  },
  rewrite: {
    because: "rows are added up where they are computed",
    to: (inputs, { attrs, values }) => {
      const [rows, segments] = split(inputs);
      const operands = rowOperands(readInputs(rows, attrs)).map(({ expr }) => expr);
      return perceptronSums([...operands, ...segments], attrs, values);
    },
  },
  grad: (dy, inputs, _y, { attrs, values }) => {
    const [rows, [, , target]] = split(inputs);
    const exprs = rows.map(({ expr }) => expr);
    const read = readInputs(exprs, attrs);
    const found = perceptronGradients(dy, rowOperands(read), read, { attrs, values }, target);
    return [...found, null, null, null];
  },
});

/** Sums of a perceptron's rows by segment, or null where `perceptron` is; x f32 [R, K] → f32 [S, O]. */
export function perceptronSum(
  x: Tensor,
  parameters: readonly Tensor[],
  segments: Segments,
  { epsilon, ...options }: PerceptronOptions,
): Tensor | null {
  const [numRows] = segments.target.shape;
  if (x.rank === 0 || x.shape[0] !== numRows)
    throw new ShapeError(`perceptronSum(x): expected [${numRows}, …], got ${showShape(x.shape)}`);
  const found = inOneLaunch(x, options);
  if (!found) return null;
  const inputs = [...parameters, ...found.operands, ...segmentValues(segments)];
  const exprs = inputs.map(({ expr }) => expr);
  return wrap(summedPerceptron(exprs, { ...found.stages }, [epsilon]), inputs);
}
