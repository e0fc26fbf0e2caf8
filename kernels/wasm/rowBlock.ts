/** A block of rows on its way through a perceptron in WebAssembly: working memory, products, norms. */
import { type Code, type Local, local, set } from "../../src/engine/codegen/wasm/code.ts";
import { loop, when } from "../../src/engine/codegen/wasm/control.ts";
import { f32x4, i32, v128 } from "../../src/engine/codegen/wasm/instructions.ts";
import type { Attrs } from "../../src/engine/expr.ts";
import type { WasmFrame } from "../../src/engine/kernel.ts";
import { rowActivations } from "../../src/engine/ops/rowActivations.ts";
import { type Stretch, structureOf } from "../perceptronLayers.ts";
import { type Matrix, packColumns } from "./packing.ts";
import { panelBytes, productOfPanels, productScratch } from "./product.ts";
import { mapRow, stridedRow } from "./rowLoops.ts";
import { rowStatistics } from "./rows.ts";
import { bytes, integers, wordOf } from "./words.ts";

const { add, mul, const: number } = i32;

/** Rows in memory: address of the first, and bytes from one to the next. */
export interface RowTable {
  start: Code;
  pitch: Code;
}

export const inRows = ({ start, pitch }: RowTable): Matrix => ({
  ...{ start, down: pitch, right: number(4), dense: "right" },
});
export const columnsOf = ({ start, pitch }: RowTable): Matrix => ({
  ...{ start, down: number(4), right: pitch, dense: "down" },
});

/** How many tables of how many rows a block takes, and whether gradients go back through its weights. */
interface BlockSize {
  tables: number;
  rows: number;
  goesBack?: boolean;
  /** Whether rows are taken by `order`; their own parts are copied into the last table then. */
  isOrdered?: boolean;
}

/** Multiply-adds of a row. */
export const rowWork = (attrs: Attrs): number =>
  structureOf(attrs).layers.reduce((sum, { width, pitch }) => sum + width * (pitch + 8), 0);

/** From one row of a table to the next: behind it is place for one vector more. */
const pitchBytes = (attrs: Attrs): number => 16 * (Math.ceil(structureOf(attrs).widest / 4) + 1);

/** Bytes of a copy of all weights, and of one to go back through. */
const weightBytes = (attrs: Attrs, goesBack = false): number =>
  structureOf(attrs)
    .layers.flatMap(({ width, stretches }) =>
      stretches.map(
        (s) => panelBytes(s.width, width) + (goesBack ? panelBytes(width, s.width) : 0),
      ),
    )
    .reduce((sum, size) => sum + size, 0);

export const rowBlockScratch = (attrs: Attrs, { tables, rows, goesBack }: BlockSize): number =>
  productScratch(goesBack ? structureOf(attrs).widest : 0) +
  weightBytes(attrs, goesBack) +
  tables * rows * pitchBytes(attrs);

export class RowBlock {
  /** Rows of the block: the first, and how many. */
  readonly first = local("i32");
  readonly count = local("i32");
  readonly tables: readonly Local[];
  readonly pitch: Code;
  readonly structure: ReturnType<typeof structureOf>;
  private readonly frame: WasmFrame;
  private readonly attrs: Attrs;
  private readonly size: BlockSize;
  /** By layer and stretch of its input: its weights in the order of use. */
  private readonly panels: readonly Local[][];
  private readonly panelsBack: readonly Local[][];

  constructor(frame: WasmFrame, attrs: Attrs, size: BlockSize) {
    this.frame = frame;
    this.attrs = attrs;
    this.structure = structureOf(attrs);
    this.size = size;
    this.pitch = number(pitchBytes(attrs));
    this.tables = integers(size.tables);
    const perStretch = () =>
      this.structure.layers.map(({ stretches }) => integers(stretches.length));
    [this.panels, this.panelsBack] = [perStretch(), perStretch()];
  }

  /** Finds places in the working memory and copies the weights. */
  start(): Code {
    const { goesBack, rows } = this.size;
    const terms = local("i32");
    let taken = productScratch(goesBack ? this.structure.widest : 0);
    const place = (to: Local, size: number): Code => {
      taken += size;
      return set(to, add(this.frame.scratch, number(taken - size)));
    };
    const copy = (weight: Matrix, panels: Local, [K, N]: readonly [number, number]): Code => [
      place(panels, panelBytes(K, N)),
      set(terms, number(K)),
      packColumns(weight, { terms, N: number(N), panels }),
    ];
    const copies = this.structure.layers.map(({ width, stretches, weight, pitch }, layer) =>
      stretches.map((stretch, which) => {
        const rowsOf: RowTable = {
          start: this.parameter(weight + stretch.column),
          pitch: number(4 * pitch),
        };
        const sizes = [stretch.width, width] as const;
        return [
          copy(columnsOf(rowsOf), this.panels[layer][which], sizes),
          goesBack ? copy(inRows(rowsOf), this.panelsBack[layer][which], [width, sizes[0]]) : [],
        ];
      }),
    );
    const tableBytes = rows * pitchBytes(this.attrs);
    return [copies, this.tables.map((table) => place(table, tableBytes))];
  }

  /** Address of a parameter, by its place in the pack. */
  parameter(place: number): Code {
    return add(this.frame.at.flat, number(4 * place));
  }

  /** into = W input + b, with what was multiplied before. */
  multiply(layer: number, input: RowTable, into: RowTable): Code {
    const { structure } = this;
    const { width, bias, stretches } = structure.layers[layer];
    const biasAt = local("i32");
    const begin = this.eachRow(into, (row, r) => [
      mapRow(number(width), ({ load, store }) => store(row, load(biasAt))),
      layer > 0 ? [] : structure.repeated.map((part) => this.addProducts(part, row, r)),
    ]);
    const products = stretches.map((stretch, which) => {
      const { start, pitch } = layer === 0 ? this.inputs(stretch) : input;
      return this.multiplyRows({ start, pitch }, into, {
        ...{ panels: this.panels[layer][which], terms: stretch.width, columns: width },
        isMore: true,
      });
    });
    return [set(biasAt, this.parameter(bias)), begin, products];
  }

  /** into = dz W, for the columns of the weight in one stretch of a layer's input. */
  multiplyBack(layer: number, stretch: number, dz: RowTable, into: RowTable): Code {
    const { width, stretches } = this.structure.layers[layer];
    const sizes = { terms: width, columns: stretches[stretch].width, isMore: false };
    return this.multiplyRows(dz, into, { panels: this.panelsBack[layer][stretch], ...sizes });
  }

  private multiplyRows(
    input: RowTable,
    into: RowTable,
    given: { panels: Local; terms: number; columns: number; isMore: boolean },
  ): Code {
    const { scratch, multiplyAdd } = this.frame;
    return productOfPanels({
      ...{ a: inRows(input), panels: given.panels, y: into.start, pitch: into.pitch },
      ...{ from: number(0), to: i32.shrU(add(this.count, number(3)), number(2)), M: this.count },
      ...{ K: number(given.terms), N: number(given.columns), isMore: number(Number(given.isMore)) },
      ...{ scratch, multiplyAdd },
    });
  }

  /** The number of row r of the block. */
  rowAt(r: Code): Code {
    const place = add(this.first, r);
    return this.size.isOrdered ? wordOf(this.frame.at.order, place) : place;
  }

  /** Copies the own parts of the rows, if they do not lie one after the other. */
  loadOwn(): Code {
    const { own } = this.structure;
    const [source, into] = integers(2);
    return this.eachRow({ start: this.ownTable, pitch: this.pitch }, (row, r) =>
      own.map(({ part, width, at }) => [
        set(source, add(this.frame.at[`x${part}`], mul(this.rowAt(r), number(4 * width)))),
        set(into, add(row, number(4 * at))),
        mapRow(number(width), ({ load, store }) => store(into, load(source))),
      ]),
    );
  }

  private get ownTable(): Local {
    return this.tables[this.tables.length - 1];
  }

  /** The rows of the block in the part of the input that is in this stretch. */
  inputs({ part, width, at }: Stretch): RowTable {
    if (this.size.isOrdered)
      return { start: add(this.ownTable, number(4 * at)), pitch: this.pitch };
    const pitch = number(4 * width);
    return { start: add(this.frame.at[`x${part}`], mul(this.first, pitch)), pitch };
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
      set(node, wordOf(at[`rows${part}`], this.rowAt(r))),
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

  /**
   * Takes a row of a hidden layer through norm and activation. With `into`, the result goes there, x̂ stays
   * in its place, and one by the deviation behind it.
   */
  finish(layer: number, row: Local, into: Local | null = null): Code {
    const { norm, layers, activation } = this.structure;
    const { width } = layers[layer];
    const [mean, factor] = [local("v128"), local("v128")];
    const { epsilon } = this.frame.numbers;
    const affine = this.affineOf(layer);
    const normal = local("v128");
    return [
      norm === "none" ? [] : rowStatistics(row, number(width), epsilon, { mean, scale: factor }),
      into ? v128.store(this.behind(row), factor) : [],
      affine.start,
      mapRow(number(width), ({ load, store }) => [
        set(normal, norm === "none" ? load(row) : f32x4.mul(f32x4.sub(load(row), mean), factor)),
        into ? store(row, normal) : [],
        store(into ?? row, rowActivations[activation].wasm(affine.of(normal, load))),
      ]),
    ];
  }

  /** Address of the vector behind a row. */
  behind(row: Local): Code {
    return add(row, number(pitchBytes(this.attrs) - 16));
  }

  /** γ x̂ + β of a hidden layer, and γ alone, at the column at hand. */
  affineOf(layer: number) {
    const { norm, layers } = this.structure;
    const { scale, shift } = layers[layer];
    const [scaleAt, shiftAt] = integers(2);
    const isAffine = norm === "affine";
    const set2 = [set(scaleAt, this.parameter(scale)), set(shiftAt, this.parameter(shift))];
    return {
      start: isAffine ? set2 : [],
      of: (x: Code, load: (row: Code) => Code): Code =>
        isAffine ? f32x4.add(f32x4.mul(x, load(scaleAt)), load(shiftAt)) : x,
      scaled: (x: Code, load: (row: Code) => Code): Code =>
        isAffine ? f32x4.mul(x, load(scaleAt)) : x,
    };
  }

  /** Takes a row of results through the last activation. */
  finishLast(row: Local): Code {
    const { layers, outputActivation: name } = this.structure;
    if (name === "none") return [];
    const width = number(layers[layers.length - 1].width);
    return mapRow(width, ({ load, store }) => store(row, rowActivations[name].wasm(load(row))));
  }
}
