/** A block of rows on its way through a perceptron in WebAssembly: working memory, products, norms. */
import { type Code, type Local, local, set } from "../../src/engine/codegen/wasm/code.ts";
import { loop, when } from "../../src/engine/codegen/wasm/control.ts";
import { f32x4, i32 } from "../../src/engine/codegen/wasm/instructions.ts";
import type { Attrs } from "../../src/engine/expr.ts";
import type { WasmFrame } from "../../src/engine/kernel.ts";
import { rowActivations } from "../../src/engine/ops/rowActivations.ts";
import { type Stretch, structureOf } from "../perceptronLayers.ts";
import { packColumns } from "./packing.ts";
import { panelBytes, productOfPanels, productScratch } from "./product.ts";
import { mapRow, stridedRow } from "./rowLoops.ts";
import { rowStatistics } from "./rows.ts";
import { bytes, integers } from "./words.ts";

const { add, mul, const: number } = i32;

/** Rows in memory: address of the first, and bytes from one to the next. */
export interface RowTable {
  start: Code;
  pitch: Code;
}

/** How many tables of how many rows a block takes. */
interface BlockSize {
  tables: number;
  rows: number;
}

/** Multiply-adds of a row. */
export const rowWork = (attrs: Attrs): number =>
  structureOf(attrs).layers.reduce((sum, { width, pitch }) => sum + width * (pitch + 8), 0);

const pitchBytes = (attrs: Attrs): number => 16 * Math.ceil(structureOf(attrs).widest / 4);

/** Bytes of a copy of all weights. */
const weightBytes = (attrs: Attrs): number =>
  structureOf(attrs)
    .layers.flatMap(({ width, stretches }) => stretches.map((s) => panelBytes(s.width, width)))
    .reduce((sum, size) => sum + size, 0);

export const rowBlockScratch = (attrs: Attrs, { tables, rows }: BlockSize): number =>
  productScratch(0) + weightBytes(attrs) + tables * rows * pitchBytes(attrs);

export class RowBlock {
  /** Rows of the block: the first, and how many. */
  readonly first = local("i32");
  readonly count = local("i32");
  readonly tables: readonly Local[];
  readonly pitch: Code;
  private readonly frame: WasmFrame;
  private readonly attrs: Attrs;
  private readonly structure: ReturnType<typeof structureOf>;
  private readonly rows: number;
  /** By layer and stretch of its input: its weights in the order of use. */
  private readonly panels: readonly Local[][];

  constructor(frame: WasmFrame, attrs: Attrs, { tables, rows }: BlockSize) {
    this.frame = frame;
    this.attrs = attrs;
    this.structure = structureOf(attrs);
    this.rows = rows;
    this.pitch = number(pitchBytes(attrs));
    this.tables = integers(tables);
    this.panels = this.structure.layers.map(({ stretches }) => integers(stretches.length));
  }

  /** Finds places in the working memory and copies the weights. */
  start(): Code {
    const terms = local("i32");
    let taken = productScratch(0);
    const place = (to: Local, size: number): Code => {
      taken += size;
      return set(to, add(this.frame.scratch, number(taken - size)));
    };
    const copies = this.structure.layers.map(({ width, stretches, weight, pitch }, layer) =>
      stretches.map((stretch, which) => {
        const panels = this.panels[layer][which];
        const start = this.parameter(weight + stretch.column);
        const turned = {
          start,
          down: number(4),
          right: number(4 * pitch),
          dense: "down",
        } as const;
        return [
          place(panels, panelBytes(stretch.width, width)),
          set(terms, number(stretch.width)),
          packColumns(turned, { terms, N: number(width), panels }),
        ];
      }),
    );
    const tableBytes = this.rows * pitchBytes(this.attrs);
    return [copies, this.tables.map((table) => place(table, tableBytes))];
  }

  /** Address of a parameter, by its place in the pack. */
  parameter(place: number): Code {
    return add(this.frame.at.flat, number(4 * place));
  }

  /** into = W input + b, with what was multiplied before. */
  multiply(layer: number, input: RowTable, into: RowTable): Code {
    const { structure, frame, count } = this;
    const { width, bias, stretches } = structure.layers[layer];
    const { scratch, multiplyAdd } = frame;
    const biasAt = local("i32");
    const begin = this.eachRow(into, (row, r) => [
      mapRow(number(width), ({ load, store }) => store(row, load(biasAt))),
      layer > 0 ? [] : structure.repeated.map((part) => this.addProducts(part, row, r)),
    ]);
    const products = stretches.map((stretch, which) => {
      const { start, pitch } = layer === 0 ? this.inputs(stretch) : input;
      return productOfPanels({
        a: { start, down: pitch, right: number(4), dense: "right" },
        ...{
          panels: this.panels[layer][which],
          y: into.start,
          pitch: into.pitch,
        },
        ...{
          isMore: number(1),
          from: number(0),
          to: i32.shrU(add(count, number(3)), number(2)),
        },
        ...{
          M: count,
          K: number(stretch.width),
          N: number(width),
          scratch,
          multiplyAdd,
        },
      });
    });
    return [set(biasAt, this.parameter(bias)), begin, products];
  }

  /** The rows of the block in the part of the input that is in this stretch. */
  private inputs(stretch: Stretch): RowTable {
    const { part, width } = stretch;
    const pitch = number(4 * width);
    return {
      start: add(this.frame.at[`x${part}`], mul(this.first, pitch)),
      pitch,
    };
  }

  /** Adds what a gathered part contributes to row r of the block; a row that does not exist, nothing. */
  private addProducts(part: number, row: Local, r: Local): Code {
    const { at, dims } = this.frame;
    const { layers, parts } = this.structure;
    const [node, source] = integers(2);
    const [{ width }] = layers;
    const begin = add(mul(node, number(width * parts.length)), number(part));
    const add1 = stridedRow(width, parts.length, row, source, (z, product) =>
      f32x4.add(z, product),
    );
    return [
      set(node, i32.load(add(at[`rows${part}`], bytes(add(this.first, r))))),
      when(i32.ltU(node, dims.N), [set(source, add(at.products, bytes(begin))), add1]),
    ];
  }

  /** For every row of the block in a table. */
  eachRow(table: RowTable, body: (row: Local, r: Local) => Code): Code {
    const [r, row] = integers(2);
    return loop(r, number(0), this.count, [
      set(row, add(table.start, mul(r, table.pitch))),
      body(row, r),
    ]);
  }

  /** Takes a row of a hidden layer through norm and activation. */
  finish(layer: number, row: Local): Code {
    const { norm, layers, activation } = this.structure;
    const { width, scale, shift } = layers[layer];
    const [mean, factor] = [local("v128"), local("v128")];
    const [scaleAt, shiftAt] = integers(2);
    const normal = (x: Code): Code => f32x4.mul(f32x4.sub(x, mean), factor);
    return [
      norm === "none"
        ? []
        : rowStatistics(row, number(width), this.frame.numbers.epsilon, {
            mean,
            scale: factor,
          }),
      set(scaleAt, this.parameter(scale ?? 0)),
      set(shiftAt, this.parameter(shift ?? 0)),
      mapRow(number(width), ({ load, store }) => {
        const x = norm === "none" ? load(row) : normal(load(row));
        const isAffine = norm === "affine";
        const scaled = isAffine ? f32x4.add(f32x4.mul(x, load(scaleAt)), load(shiftAt)) : x;
        return store(row, rowActivations[activation].wasm(scaled));
      }),
    ];
  }

  /** Takes a row of results through the last activation. */
  finishLast(row: Local): Code {
    const { layers, outputActivation: name } = this.structure;
    if (name === "none") return [];
    const width = number(layers[layers.length - 1].width);
    return mapRow(width, ({ load, store }) => store(row, rowActivations[name].wasm(load(row))));
  }
}
