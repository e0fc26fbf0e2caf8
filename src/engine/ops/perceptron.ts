/**
 * Multi-layer perceptrons of rows, as one op: nothing but the result is stored. Its gradient is that of
 * the layers one by one, which computes them again.
 */
import { defineComposite } from "../composite.ts";
import { ones, zeros } from "../create.ts";
import type { Attrs, Expr } from "../expr.ts";
import { pack, pieces } from "../pack.ts";
import { concat, gather } from "../rows.ts";
import type { Shape } from "../shape.ts";
import { Tensor, wrap } from "../tensor.ts";
import { matmul } from "./contraction.ts";
import { joinedParts, type Part, partsOf } from "./joinedLinear.ts";
import { linear } from "./linear.ts";
import { layerNorm } from "./normalize.ts";
import { type RowActivation, rowActivations } from "./rowActivations.ts";

/** The structure of a perceptron. */
export interface PerceptronOptions {
  /** Widths of the results of its affine maps. */
  widths: readonly number[];
  /** Of all but the last, after the norm. */
  activation: RowActivation;
  outputActivation: RowActivation;
  /** Layer norm of all but the last: without or with learned scale and shift, or none. */
  norm: "none" | "plain" | "affine";
  epsilon: number;
}

/** Its options with what is known of its input: widths of the parts, and which are gathered rows. */
export interface RowStages extends Omit<PerceptronOptions, "epsilon"> {
  parts: readonly number[];
  gathered: readonly number[];
}

/** Attributes as options; those of a signature without attributes are arbitrary. */
export function stagesOf(attrs: Attrs): RowStages {
  const { activation = "none", outputActivation = "none", norm = "none" } = attrs;
  const { widths = [1], parts = [1], gathered = [0] } = attrs;
  return { widths, parts, gathered, activation, outputActivation, norm } as RowStages;
}

/** Shapes of the parameters in their pack: per affine map weight and bias, scale and shift of its norm. */
export function parameterShapes({ widths, parts, norm }: RowStages): Shape[] {
  const inputs = parts.reduce((sum, width) => sum + width);
  return widths.flatMap((width, layer) => {
    const affine = [[width, layer === 0 ? inputs : widths[layer - 1]], [width]];
    const isNormed = norm === "affine" && layer < widths.length - 1;
    return isNormed ? [...affine, [width], [width]] : affine;
  });
}

/** Applies what follows the first affine map; `parameters` are those of all. */
function finish(
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

const tensorsOf = (exprs: readonly Expr[]): Tensor[] => exprs.map((expr) => new Tensor(expr));

/** Inputs: all parameters, then per part x, or x and rows if it is gathered. */
const perceptronOf = defineComposite({
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
    return finish(first, parameters, stages, epsilon).expr;
  },
  rewrite: {
    because: "one launch takes rows through all layers",
    to: (inputs, { attrs, values }) => {
      const { stages, parameters, parts } = readInputs(inputs, attrs);
      const repeated = parts.filter(({ rows }) => rows !== null);
      const own = parts.filter(({ rows }) => rows === null);
      const operands = [pack(parameters), ...own.map(({ x }) => x)];
      if (repeated.length > 0) {
        // every block of columns at once: as the weight lies, none has to be copied
        const blocks = parameters[0].reshape([-1, stages.parts[0]]);
        operands.push(matmul(repeated[0].x, blocks, { transposeB: true }));
        operands.push(...repeated.map(({ rows }) => rows as Tensor));
      }
      return perceptronRows(
        operands.map(({ expr }) => expr),
        attrs,
        values,
      );
    },
  },
});

function readInputs(inputs: readonly Expr[], attrs: Attrs) {
  const stages = stagesOf(attrs);
  const count = parameterShapes(stages).length;
  const parts = partsOf(inputs.slice(count), attrs);
  return { stages, parameters: tensorsOf(inputs.slice(0, count)), parts };
}

/**
 * Inputs: the pack of all parameters, the parts that are no gathered rows, and where some are: the
 * products of all rows of x with every block of columns, [N, widths[0] · parts], and the rows wanted.
 */
const perceptronRows = defineComposite({
  name: "perceptronRows",
  shape: (inputs, attrs) => {
    const { widths } = stagesOf(attrs);
    return [(inputs.at(-1) as Expr).shape[0], widths.at(-1) as number];
  },
  compose: (inputs, { attrs, values: [epsilon] }) => {
    const stages = stagesOf(attrs);
    const [flat, ...operands] = tensorsOf(inputs);
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
    return finish(first, parameters, stages, epsilon).expr;
  },
});

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
  if (x.rank !== 2) return null;
  const parts = joinedParts(x);
  const widths = parts.map((part) => part.x.shape[1]);
  const stages = { ...options, parts: widths, gathered: parts.map(({ rows }) => Number(!!rows)) };
  if (!hasOneLaunch(parts, stages)) return null;
  const operands = parts.flatMap(({ x, rows }) => (rows ? [x, rows] : [x]));
  const inputs = [...parameters, ...operands];
  const exprs = inputs.map(({ expr }) => expr);
  return wrap(perceptronOf(exprs, { ...stages }, [epsilon]), inputs);
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
