/** What a perceptron of rows consists of, as options and as attributes of its ops. */
import type { Attrs } from "../expr.ts";
import type { Shape } from "../shape.ts";
import type { RowActivation } from "./rowActivations.ts";

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
