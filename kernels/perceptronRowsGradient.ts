import type { HostArray } from "../src/engine/dtype.ts";
import type { Attrs } from "../src/engine/expr.ts";
import { defineKernel, type KernelSpec } from "../src/engine/kernel.ts";
import { slopeWidths } from "../src/engine/ops/perceptronGradient.ts";
import { stagesOf } from "../src/engine/ops/perceptronStages.ts";
import { rowActivations } from "../src/engine/ops/rowActivations.ts";
import { gradientBody, gradientMemory, rowsOfTile } from "./perceptronGradientWgsl.ts";
import { type RowLayer, structureOf } from "./perceptronLayers.ts";
import { rowInputs } from "./perceptronRows.ts";
import { perceptronRowsGradientWasm } from "./wasm/perceptronRowsGradient.ts";

const numLanes = 64;

/**
 * perceptronRowsGradient: the gradients of perceptronRows, in which every row goes through the layers
 * again, forward and backward, without a trace in memory but its slopes.
 *
 *   dz = dy · act'(z),   then from the last layer to the first
 *   dW += dz hᵀ,  db += dz,   dh = Wᵀ dz,   da = dh · act'(a),   dγ += da · x̂,  dβ += da,
 *   dx̂ = da · γ,   dz = (dx̂ − mean(dx̂) − x̂ mean(dx̂ · x̂)) / σ      with a = γ x̂ + β and h = act(a)
 *
 * `slopes` are dz₀ where rows were gathered, for the node array and its block of W₀, and Wᵀ dz₀ for the
 * own parts. R rows are cut into P stretches, each of which adds up in order what its rows contribute
 * to the parameters, in its own row of the result: no atomics, and the same bits every time. Where rows
 * were added up by segment, all those of a segment read the same row of dy; those of none, zeros.
 *
 * One invocation owns a stretch. On GPUs a workgroup does, with up to eight rows at a time in workgroup
 * memory; each of its lanes owns some of the parameters.
 */
export const perceptronRowsGradient: KernelSpec = defineKernel({
  name: "perceptronRowsGradient",
  inputs: (attrs) => ({
    ...rowInputs(attrs),
    dy: `f32 [${attrs.isSummed ? "S" : "R"}, ${stagesOf(attrs).widths.at(-1)}]`,
    ...(attrs.isSummed ? { segmentOf: "u32 [R]" } : {}),
  }),
  output: "f32 [P, T]",
  more: (attrs) => {
    const { first, own } = slopeWidths(stagesOf(attrs));
    return { slopes: `f32 [R, ${first + own}]` };
  },
  numbers: ["epsilon"],
  flops: ({ R }, attrs) =>
    6 * R * structureOf(attrs).layers.reduce((sum, { width, pitch }) => sum + width * pitch, 0),
  threads: ({ P }) => P,

  reference(inputs, y, { P, T, R, N, S, epsilon }, attrs, { slopes }) {
    const rows = new ReferenceRows(inputs, attrs, { numNodes: N, numSegments: S, epsilon });
    const length = Math.ceil(R / P);
    for (let r = 0; r < R; r++)
      rows.backward(r, y.subarray(Math.floor(r / length) * T) as HostArray, slopes);
  },

  wasm: perceptronRowsGradientWasm,

  wgsl: (attrs) => /* wgsl */ `
${gradientMemory(attrs, 1, "")}
  let p = i;
  const start = 0u;
  const pace = 1u;
  const row = 0u;
  const own = 0u;
${gradientBody(attrs, { rows: 1, lanes: 1 })}`,

  variants: [
    {
      name: "tile",
      suits: ({ R }) => R >= 64,
      workgroupSize: numLanes,
      workgroups: ({ P }) => P,
      sharedBytes: 16384,
      shared: (attrs) => gradientMemory(attrs, rowsOfTile(attrs), "<workgroup>"),
      wgsl: (attrs) => {
        const rows = rowsOfTile(attrs);
        return /* wgsl */ `
  let p = tile;
  let row = lane % ${rows}u;
  let start = lane / ${rows}u; // of the lanes of a row
  const pace = ${numLanes / rows}u;
  let own = lane;
${gradientBody(attrs, { rows, lanes: numLanes })}`;
      },
    },
  ],
});

/** Rows one by one in plain loops. */
class ReferenceRows {
  private readonly structure: ReturnType<typeof structureOf>;
  private readonly flat: HostArray;
  private readonly own: readonly HostArray[];
  private readonly products: HostArray;
  private readonly rows: readonly HostArray[];
  private readonly dy: HostArray;
  private readonly segmentOf: HostArray | null;
  private readonly numNodes: number;
  private readonly numSegments: number;
  private readonly epsilon: number;

  constructor(
    inputs: readonly HostArray[],
    attrs: Attrs,
    sizes: { numNodes: number; numSegments: number; epsilon: number },
  ) {
    this.structure = structureOf(attrs);
    const [flat, ...operands] = inputs;
    this.flat = flat;
    this.segmentOf = attrs.isSummed ? (operands.pop() as HostArray) : null;
    this.dy = operands.pop() as HostArray;
    this.own = operands.splice(0, this.structure.own.length);
    [this.products, ...this.rows] = operands;
    this.numNodes = sizes.numNodes;
    this.numSegments = sizes.numSegments;
    this.epsilon = sizes.epsilon;
  }

  /** Adds what row r contributes to the parameters to `dFlat`, and stores its slopes. */
  backward(r: number, dFlat: HostArray, slopes: HostArray): void {
    const { layers, own, ownWidth, repeated, outputActivation } = this.structure;
    const inputs: number[][] = [
      own.flatMap(({ width }, which) => [...this.own[which].subarray(r * width, (r + 1) * width)]),
    ];
    const hidden = layers.slice(0, -1).map((_, which) => {
      const layer = this.hidden(r, which, inputs[which]);
      inputs.push(layer.values);
      return layer;
    });
    const last = layers.length - 1;
    const z = this.affine(r, last, inputs[last]);
    const from = this.segmentOf ? this.segmentOf[r] : r;
    const isReceived = !this.segmentOf || from < this.numSegments;
    let dz = z.map((v, o) => {
      const { js, slope } = rowActivations[outputActivation];
      return isReceived ? this.dy[from * z.length + o] * slope.js(v, js(v)) : 0;
    });
    for (let which = last; which >= 0; which--) {
      const { weight, bias, pitch, stretches } = layers[which];
      const dInput = new Array<number>(inputs[which].length).fill(0);
      for (const [o, slope] of dz.entries()) {
        dFlat[bias + o] += slope;
        for (const { at, column, width } of stretches)
          for (let k = 0; k < width; k++) {
            const place = weight + o * pitch + column + k;
            dFlat[place] += slope * inputs[which][at + k];
            dInput[at + k] += slope * this.flat[place];
          }
      }
      if (which > 0) dz = this.throughNorm(layers[which - 1], hidden[which - 1], dInput, dFlat);
      else {
        const all = [...(repeated.length > 0 ? dz : []), ...dInput.slice(0, ownWidth)];
        for (const [c, slope] of all.entries()) slopes[r * all.length + c] = slope;
      }
    }
  }

  private affine(r: number, which: number, input: readonly number[]): number[] {
    const { layers, repeated, parts } = this.structure;
    const { width, weight, bias, pitch, stretches } = layers[which];
    return Array.from({ length: width }, (_, o) => {
      let sum = this.flat[bias + o];
      for (const { at, column, width } of stretches)
        for (let k = 0; k < width; k++)
          sum += input[at + k] * this.flat[weight + o * pitch + column + k];
      for (const [g, part] of which === 0 ? repeated.entries() : []) {
        const node = this.rows[g][r];
        if (node < this.numNodes) sum += this.products[(node * width + o) * parts.length + part];
      }
      return sum;
    });
  }

  /** A hidden layer: x̂, one by the deviation, what goes into the activation, and what comes out. */
  private hidden(r: number, which: number, input: readonly number[]) {
    const { layers, norm, activation } = this.structure;
    const { width, scale, shift } = layers[which];
    const z = this.affine(r, which, input);
    const mean = z.reduce((a, b) => a + b, 0) / width;
    const variance = z.reduce((sum, v) => sum + (v - mean) ** 2, 0) / width;
    const factor = 1 / Math.sqrt(variance + this.epsilon);
    const normal = norm === "none" ? z : z.map((v) => (v - mean) * factor);
    const isAffine = norm === "affine";
    const scaled = normal.map((v, o) =>
      isAffine ? v * this.flat[scale + o] + this.flat[shift + o] : v,
    );
    return { normal, factor, scaled, values: scaled.map(rowActivations[activation].js) };
  }

  /** dz of a hidden layer from dh. */
  private throughNorm(
    { width, scale, shift }: RowLayer,
    { normal, factor, scaled, values }: ReturnType<ReferenceRows["hidden"]>,
    dValues: readonly number[],
    dFlat: HostArray,
  ): number[] {
    const { norm, activation } = this.structure;
    const { js } = rowActivations[activation].slope;
    const dScaled = dValues.map((d, k) => d * js(scaled[k], values[k]));
    if (norm === "none") return dScaled;
    if (norm === "affine")
      for (const [k, d] of dScaled.entries()) {
        dFlat[scale + k] += d * normal[k];
        dFlat[shift + k] += d;
      }
    const dNormal = dScaled.map((d, k) => (norm === "affine" ? d * this.flat[scale + k] : d));
    const mean = dNormal.reduce((a, b) => a + b, 0) / width;
    const along = dNormal.reduce((sum, d, k) => sum + d * normal[k], 0) / width;
    return dNormal.map((d, k) => (d - mean - normal[k] * along) * factor);
  }
}
