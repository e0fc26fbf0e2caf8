/** The WGSL of perceptronRowsGradient; names as in perceptronWgsl.ts. */
import type { Attrs } from "../src/engine/expr.ts";
import { rowActivations } from "../src/engine/ops/rowActivations.ts";
import { type RowLayer, structureOf } from "./perceptronLayers.ts";
import { activate, affine, findNodes, loadOwn, scaled, statistics } from "./perceptronWgsl.ts";

type Structure = ReturnType<typeof structureOf>;

/** Numbers that a row needs: x̂ and 1/σ of each hidden layer, and two rows at hand. */
const numbersPerRow = ({ layers, widest }: Structure): number =>
  (layers.length + 1) * widest + layers.length;

/** How many rows fit into the workgroup memory that every GPU has. */
export function rowsOfTile(attrs: Attrs): number {
  const needed = 4 * numbersPerRow(structureOf(attrs));
  return [8, 4, 2].find((rows) => rows * needed <= 16384) ?? 1;
}

/** Declares the memory of a tile: `held`, `next`, and by hidden layer `normal` and `factor`. */
export function gradientMemory(attrs: Attrs, rows: number, space: string): string {
  const { layers, widest } = structureOf(attrs);
  const hidden = Math.max(1, layers.length - 1);
  return `  var${space} held: array<f32, ${rows * widest}>;
  var${space} next: array<f32, ${rows * widest}>;
  var${space} normal: array<f32, ${hidden * rows * widest}>;
  var${space} factor: array<f32, ${hidden * rows}>;`;
}

/** The work for stretch p: `lanes` that share it, of which this is number `own`, and `rows` at a time. */
export function gradientBody(
  attrs: Attrs,
  { rows, lanes }: { rows: number; lanes: number },
): string {
  const structure = structureOf(attrs);
  const { layers, widest, activation, outputActivation } = structure;
  const isShared = lanes > 1;
  const barrier = isShared ? "  workgroupBarrier();\n" : "";
  const normalOf = (layer: number) => `normal[${layer * rows * widest}u + base + k]`;
  const factorOf = (layer: number) => `factor[${layer * rows}u + row]`;

  /** held = act(γ x̂ + β) */
  const activated = (
    layer: number,
  ) => `  for (var k = start; k < ${layers[layer].width}u; k += pace) {
    let v = ${scaled(structure, layers[layer], normalOf(layer))};
    held[base + k] = ${activate(activation)};
  }
`;
  const forward = layers.slice(0, -1).map(({ width }, which) => {
    const isNormed = structure.norm !== "none";
    const normal = isNormed ? "(next[base + k] - mean) * scale" : "next[base + k]";
    const keep = isNormed ? `  if (start == 0u) { ${factorOf(which)} = scale; }\n` : "";
    return `${affine(structure, which, "next[base + o + t] = sum[t];")}${barrier}  {
${isNormed ? statistics(width) : ""}${keep}  for (var k = start; k < ${width}u; k += pace) { ${normalOf(which)} = ${normal}; }
${activated(which)}  }
${barrier}`;
  });
  const last = layers.length - 1;
  const received = "dy[given + o]";
  const outputs =
    outputActivation === "none"
      ? `  for (var o = start; o < ${layers[last].width}u; o += pace) { next[base + o] = select(0.0, ${received}, isReceived); }\n`
      : affine(
          structure,
          last,
          `let v = sum[t];
      let h = ${activate(outputActivation)};
      let slope = ${received.replace("+ o", "+ o + t")} * ${rowActivations[outputActivation].slope.wgsl("v", "h")};
      next[base + o + t] = select(0.0, slope, isReceived);`,
        );
  const backward = layers.map((layer, which) => {
    const sums = addParameters(layer, { rows, lanes, widest });
    if (which === 0) return sums + storeSlopes(structure);
    return `${sums}${barrier}${throughLayer(structure, which, normalOf(which - 1))}${barrier}${throughNorm(
      structure,
      layers[which - 1],
      { rows, lanes, normal: normalOf(which - 1), offset: (which - 1) * rows * widest },
      factorOf(which - 1),
    )}${barrier}${which > 1 ? activated(which - 2) : loadOwn(structure)}${barrier}`;
  });
  return `  let length = (dims.R + dims.P - 1u) / dims.P;
  let first = min(p * length, dims.R);
  let end = min(first + length, dims.R);
  let partial = p * dims.T;
  let base = row * ${widest}u;
  for (var at = own; at < dims.T; at += ${lanes}u) { y[partial + at] = 0.0; }
${isShared ? "  storageBarrier();\n" : ""}  for (var r0 = first; r0 < end; r0 += ${rows}u) {
  let isRow = r0 + row < end;
  let r = min(r0 + row, dims.R - 1u); // a row beyond the last adds nothing
${whereReceived(attrs, layers[last].width)}${loadOwn(structure)}${barrier}${findNodes(structure)}${forward.join("")}${outputs}${barrier}${backward.reverse().join("")}${barrier}  }
`;
}

/** Where row r finds its part of dy, if it gets one. */
const whereReceived = ({ isSummed }: Attrs, width: number): string =>
  isSummed
    ? `  let segment = segmentOf[r];
  let isReceived = isRow && segment < dims.S;
  let given = select(0u, segment, isReceived) * ${width}u;
`
    : `  let isReceived = isRow;
  let given = r * ${width}u;
`;

/** Adds dz hᵀ and dz, in `next` and `held`, of all rows of the tile. */
function addParameters(
  { width, weight, bias, pitch, stretches }: RowLayer,
  { rows, lanes, widest }: { rows: number; lanes: number; widest: number },
): string {
  const sumOver = (term: string) =>
    `var sum = 0.0; for (var t = 0u; t < ${rows * widest}u; t += ${widest}u) { sum += ${term}; }`;
  const weights = stretches.map(
    ({
      at,
      column,
      width: columns,
    }) => `  for (var e = own; e < ${width * columns}u; e += ${lanes}u) {
    let o = e / ${columns}u;
    let k = e % ${columns}u;
    ${sumOver(`next[t + o] * held[t + ${at}u + k]`)}
    y[partial + ${weight + column}u + o * ${pitch}u + k] += sum;
  }
`,
  );
  return `${weights.join("")}  for (var o = own; o < ${width}u; o += ${lanes}u) {
    ${sumOver("next[t + o]")}
    y[partial + ${bias}u + o] += sum;
  }
`;
}

/** held = da of the layer before, from dz of this in `next`. */
function throughLayer(structure: Structure, which: number, normal: string): string {
  const { layers, activation } = structure;
  const { width, weight, pitch } = layers[which];
  return `  for (var k = start; k < ${pitch}u; k += pace) {
    var sum = 0.0;
    for (var o = 0u; o < ${width}u; o++) { sum += flat[${weight}u + o * ${pitch}u + k] * next[base + o]; }
    let v = ${scaled(structure, layers[which - 1], normal)};
    let h = ${activate(activation)};
    held[base + k] = sum * ${rowActivations[activation].slope.wgsl("v", "h")};
  }
`;
}

/** next = dz from da in `held`; adds to the gradients of the norm's scale and shift. */
function throughNorm(
  { norm, widest }: Structure,
  { width, scale, shift }: RowLayer,
  { rows, lanes, normal, offset }: { rows: number; lanes: number; normal: string; offset: number },
  factor: string,
): string {
  if (norm === "none")
    return `  for (var k = start; k < ${width}u; k += pace) { next[base + k] = held[base + k]; }\n`;
  const isAffine = norm === "affine";
  const slope = isAffine ? `held[base + k] * flat[${scale}u + k]` : "held[base + k]";
  const parameters = `  for (var k = own; k < ${width}u; k += ${lanes}u) {
    var sum = vec2f(0.0);
    for (var t = 0u; t < ${rows * widest}u; t += ${widest}u) {
      sum += held[t + k] * vec2f(normal[${offset}u + t + k], 1.0);
    }
    y[partial + ${scale}u + k] += sum.x;
    y[partial + ${shift}u + k] += sum.y;
  }
`;
  return `${isAffine ? parameters : ""}  {
  var mean = 0.0;
  var along = 0.0;
  for (var k = 0u; k < ${width}u; k++) {
    let slope = ${slope};
    mean += slope;
    along += slope * ${normal};
  }
  for (var k = start; k < ${width}u; k += pace) {
    next[base + k] = (${slope} - (mean + ${normal} * along) / ${width}.0) * ${factor};
  }
  }
`;
}

/** What the inputs of the first layer receive, from dz in `next`. */
function storeSlopes({ layers, own, ownWidth, repeated }: Structure): string {
  const [{ width, weight, pitch }] = layers;
  const begin = repeated.length > 0 ? width : 0;
  const at = `r * ${begin + ownWidth}u`;
  const ofFirst = `  for (var o = start; o < ${width}u; o += pace) {
    if (isRow) { storeSlopes(${at} + o, next[base + o]); }
  }
`;
  const ofOwn = own.map(
    (stretch) => `  for (var k = start; k < ${stretch.width}u; k += pace) {
    var sum = 0.0;
    for (var o = 0u; o < ${width}u; o++) { sum += flat[${weight + stretch.column}u + o * ${pitch}u + k] * next[base + o]; }
    if (isRow) { storeSlopes(${at} + ${begin + stretch.at}u + k, sum); }
  }
`,
  );
  return [begin > 0 ? ofFirst : "", ...ofOwn].join("");
}
