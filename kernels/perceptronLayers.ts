/** What the programs of perceptrons are made from: where parameters and columns lie. */
import type { Attrs } from "../src/engine/expr.ts";
import { layoutOf } from "../src/engine/layout.ts";
import { parameterShapes, stagesOf } from "../src/engine/ops/perceptronStages.ts";

/** Columns of a layer's input that lie together in memory, from `at` on, and in its weight. */
export interface Stretch {
  at: number;
  column: number;
  width: number;
  /** Which part of the input it is, in the first layer. */
  part?: number;
}

/** An affine map, and the norm after it: where its parameters begin in the pack. */
export interface RowLayer {
  /** Of its result. */
  width: number;
  weight: number;
  bias: number;
  scale: number;
  shift: number;
  /** Columns of the weight. */
  pitch: number;
  /** Its input, but for gathered rows. */
  stretches: readonly Stretch[];
}

export function structureOf(attrs: Attrs) {
  const stages = stagesOf(attrs);
  const { parts, gathered, widths } = stages;
  const shapes = parameterShapes(stages);
  const { starts } = layoutOf(shapes);
  const perLayer = stages.norm === "affine" ? 4 : 2;
  const before = (part: number, isCounted: (part: number) => boolean) =>
    parts.reduce((sum, width, p) => (p < part && isCounted(p) ? sum + width : sum), 0);
  const isOwn = (part: number) => !gathered[part];
  const own = parts.flatMap((width, part) =>
    isOwn(part)
      ? [
          {
            part,
            width,
            at: before(part, isOwn),
            column: before(part, () => true),
          },
        ]
      : [],
  );
  const layers = widths.map((width, layer): RowLayer => {
    const [weight, bias, scale, shift] = starts.slice(layer * perLayer);
    const [, pitch] = shapes[layer * perLayer];
    const stretches = layer === 0 ? own : [{ at: 0, column: 0, width: pitch }];
    return { width, weight, bias, scale, shift, pitch, stretches };
  });
  const repeated = gathered.flatMap((isGathered, part) => (isGathered ? [part] : []));
  const ownWidth = own.reduce((sum, { width }) => sum + width, 0);
  const widest = Math.max(ownWidth, ...widths);
  return { ...stages, layers, own, ownWidth, repeated, widest };
}
