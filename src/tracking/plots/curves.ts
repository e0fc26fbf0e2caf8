/** Curves of a training and of a classifier. */
import { labelOf, type PlotSpec, plot, plotWidth, type Quantity, seriesColor } from "./style.ts";

export interface Curve {
  readonly name: string;
  readonly x: ArrayLike<number>;
  readonly y: ArrayLike<number>;
}

const mostPoints = 500; // of a curve; more cannot be seen

/** Losses or rates by step or epoch; values that are not numbers are left out. */
export function trainingPlot(
  curves: readonly Curve[],
  { x, y, title }: { x: Quantity; y: Quantity; title?: string },
): PlotSpec {
  const scale = y.isLog ? { type: "log" } : { zero: false };
  const values = curves.flatMap(rows).filter(({ y: value }) => !y.isLog || value > 0);
  const encoding = {
    x: { field: "x", type: "quantitative", title: labelOf(x), scale: { zero: false, nice: false } },
    y: { field: "y", type: "quantitative", title: labelOf(y), scale },
    color: seriesColor(curves.map(({ name }) => name)),
    tooltip: ["series", "x", "y"].map((field) => ({ field })),
  };
  const mark = { type: "line", strokeWidth: 1.8, point: values.length < 60 };
  return plot({ width: plotWidth, height: 240, data: { values }, mark, encoding }, title);
}

/** True-positive against false-positive rate, `rocCurve` and `rocAuc` of each classifier. */
export function rocPlot(
  classifiers: readonly {
    readonly name: string;
    readonly fpr: ArrayLike<number>;
    readonly tpr: ArrayLike<number>;
    readonly auc: number;
  }[],
  { title }: { title?: string } = {},
): PlotSpec {
  const named = classifiers.map(({ name, fpr, tpr, auc }) => {
    return { name: `${name}, area ${auc.toFixed(4)}`, x: fpr, y: tpr };
  });
  const axis = (field: string, name: string) => ({
    field,
    type: "quantitative",
    title: name,
    scale: { domain: [0, 1] },
  });
  const encoding = {
    x: axis("x", "false-positive rate"),
    y: axis("y", "true-positive rate"),
    color: {
      ...seriesColor(named.map(({ name }) => name)),
      legend: { orient: "bottom-right", fillColor: "white" },
    },
  };
  const chance = {
    data: {
      values: [
        { x: 0, y: 0 },
        { x: 1, y: 1 },
      ],
    },
    mark: { type: "line", strokeDash: [4, 4], color: "#b4b8bf" },
    encoding: { x: encoding.x, y: encoding.y },
  };
  const curve = {
    data: { values: named.flatMap(rows) },
    mark: { type: "line", strokeWidth: 2 },
    encoding: { ...encoding, order: { field: "place" } }, // vertical steps stay vertical
  };
  return plot({ width: 320, height: 320, layer: [chance, curve] }, title);
}

function rows({ name, x, y }: Curve) {
  const step = Math.max(1, (x.length - 1) / (mostPoints - 1));
  const count = x.length === 0 ? 0 : Math.floor((x.length - 1) / step) + 1;
  return Array.from({ length: count }, (_, i) => Math.round(i * step))
    .map((i, place) => ({ series: name, x: x[i], y: y[i], place }))
    .filter(({ y: value }) => Number.isFinite(value));
}
