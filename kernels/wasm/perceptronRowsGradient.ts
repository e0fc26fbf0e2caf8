import { type Code, type Local, local, set } from "../../src/engine/codegen/wasm/code.ts";
import { loop, loopUp, whenElse } from "../../src/engine/codegen/wasm/control.ts";
import { f32, f32x4, i32, v128 } from "../../src/engine/codegen/wasm/instructions.ts";
import type { Attrs } from "../../src/engine/expr.ts";
import type { WasmFrame, WasmSpelling } from "../../src/engine/kernel.ts";
import { rowActivations } from "../../src/engine/ops/rowActivations.ts";
import { structureOf } from "../perceptronLayers.ts";
import { product } from "./product.ts";
import {
  columnsOf,
  inRows,
  RowBlock,
  type RowTable,
  rowBlockScratch,
  rowWork,
} from "./rowBlock.ts";
import { mapRow, reduceRow } from "./rowLoops.ts";
import { bytes, integers, least, wordOf } from "./words.ts";

const { add, sub, mul, const: number } = i32;
const blockRows = 64;

/** Of each hidden layer x̂ and its values, and two for the slopes on their way back. */
const sizeOf = (attrs: Attrs) => ({
  tables: 2 * structureOf(attrs).layers.length,
  rows: blockRows,
  goesBack: true,
});

/** `perceptronRowsGradient` in WebAssembly: a unit is a stretch of rows, done in blocks. */
export const perceptronRowsGradientWasm: WasmSpelling = {
  units: ({ P }) => P,
  work: ({ R }, attrs) => 3 * R * rowWork(attrs),
  scratch: (_dims, attrs) => rowBlockScratch(attrs, sizeOf(attrs)),
  code(frame, attrs) {
    const { dims, at, from, to } = frame;
    const { R, P, T } = dims;
    const back = new WayBack(frame, attrs);
    const [p, length, end] = integers(3);
    const { block, partial } = back;
    return [
      block.start(),
      set(length, i32.divU(add(R, sub(P, number(1))), P)),
      loop(p, from, to, [
        set(partial, add(at.y, bytes(mul(p, T)))),
        mapRow(T, ({ store }) => store(partial, f32x4.const(0))),
        set(block.first, least(R, mul(p, length))),
        set(end, least(R, add(block.first, length))),
        loopUp(block.first, end, number(blockRows), [
          set(block.count, least(number(blockRows), sub(end, block.first))),
          back.run(),
        ]),
      ]),
    ];
  },
};

/** A block of rows forward and backward. */
class WayBack {
  readonly block: RowBlock;
  /** Where the sums of the stretch at hand are. */
  readonly partial = local("i32");
  private readonly frame: WasmFrame;

  constructor(frame: WasmFrame, attrs: Attrs) {
    this.frame = frame;
    this.block = new RowBlock(frame, attrs, sizeOf(attrs));
  }

  run(): Code {
    const { layers } = this.block.structure;
    const last = layers.length - 1;
    const hidden = layers.slice(0, -1).map((_, which) => [
      this.block.multiply(which, this.values(which - 1), this.normal(which)),
      this.block.eachRow(this.normal(which), (row, r) => {
        const into = local("i32");
        return [set(into, this.rowOf(this.values(which), r)), this.block.finish(which, row, into)];
      }),
    ]);
    const back = layers.map((_, which) => [
      this.addParameters(which),
      which === 0 ? this.storeSlopes() : this.throughLayer(which),
    ]);
    return [hidden, this.lastSlopes(last), back.reverse()];
  }

  private table(which: number): RowTable {
    return { start: this.block.tables[which], pitch: this.block.pitch };
  }
  private normal(layer: number): RowTable {
    return this.table(2 + 2 * layer);
  }
  private values(layer: number): RowTable {
    return this.table(layer < 0 ? 0 : 3 + 2 * layer); // the first layer reads inputs instead
  }
  /** dz of a layer. */
  private slopes(layer: number): RowTable {
    return this.table(layer % 2);
  }
  private rowOf({ start, pitch }: RowTable, r: Code): Code {
    return add(start, mul(r, pitch));
  }
  private sumAt(place: number): Code {
    return add(this.partial, number(4 * place));
  }

  /** dz of the last layer: dy, times the slope of its activation. */
  private lastSlopes(last: number): Code {
    const { block, frame } = this;
    const { layers, outputActivation } = block.structure;
    const { width } = layers[last];
    const { wasm, slope } = rowActivations[outputActivation];
    const [from, dy, z, y] = [...integers(2), local("v128"), local("v128")];
    const into = this.slopes(last);
    const isPlain = outputActivation === "none";
    const slopesOf = (row: Local): Code =>
      mapRow(number(width), ({ load, store }) =>
        isPlain
          ? store(row, load(dy))
          : [set(z, load(row)), set(y, wasm(z)), store(row, f32x4.mul(load(dy), slope.wasm(z, y)))],
      );
    const { segmentOf } = frame.at;
    return [
      isPlain ? [] : block.multiply(last, this.values(last - 1), into),
      block.eachRow(into, (row, r) => [
        set(from, segmentOf ? wordOf(segmentOf, block.rowAt(r)) : block.rowAt(r)),
        set(dy, add(frame.at.dy, mul(from, number(4 * width)))),
        segmentOf
          ? whenElse(i32.ltU(from, frame.dims.S), slopesOf(row), [
              mapRow(number(width), ({ store }) => store(row, f32x4.const(0))),
            ])
          : slopesOf(row),
      ]),
    ];
  }

  /** Adds dzᵀ h and the sums of dz. */
  private addParameters(which: number): Code {
    const { block, frame } = this;
    const { width, weight, bias, pitch, stretches } = block.structure.layers[which];
    const dz = this.slopes(which);
    const { scratch, multiplyAdd } = frame;
    const products = stretches.map((stretch) =>
      product({
        a: columnsOf(dz),
        b: inRows(which === 0 ? block.inputs(stretch) : this.values(which - 1)),
        ...{ y: this.sumAt(weight + stretch.column), pitch: number(4 * pitch), isMore: number(1) },
        ...{ from: number(0), to: number(Math.ceil(width / 4)), M: number(width) },
        ...{ K: block.count, N: number(stretch.width), scratch, multiplyAdd },
      }),
    );
    const to = local("i32");
    return [
      products,
      set(to, this.sumAt(bias)),
      block.eachRow(dz, (row) => addRow(to, width, (load) => load(row))),
    ];
  }

  /** dz of the layer before. */
  private throughLayer(which: number): Code {
    const { block } = this;
    const into = this.slopes(which - 1);
    const [normal, values] = integers(2);
    return [
      block.multiplyBack(which, 0, this.slopes(which), into),
      block.eachRow(into, (row, r) => [
        set(normal, this.rowOf(this.normal(which - 1), r)),
        set(values, this.rowOf(this.values(which - 1), r)),
        this.throughActivation(which - 1, { row, normal, values }),
        block.structure.norm === "none" ? [] : this.throughNorm(which - 1, row, normal),
      ]),
    ];
  }

  private throughActivation(
    layer: number,
    { row, normal, values }: { row: Local; normal: Local; values: Local },
  ): Code {
    const { layers, activation } = this.block.structure;
    const affine = this.block.affineOf(layer);
    const scaled = local("v128");
    return [
      affine.start,
      mapRow(number(layers[layer].width), ({ load, store }) => [
        set(scaled, affine.of(load(normal), load)),
        store(
          row,
          f32x4.mul(load(row), rowActivations[activation].slope.wasm(scaled, load(values))),
        ),
      ]),
    ];
  }

  private throughNorm(layer: number, row: Local, normal: Local): Code {
    const { block } = this;
    const { layers, norm } = block.structure;
    const { width, scale, shift } = layers[layer];
    const affine = block.affineOf(layer);
    const to = local("i32");
    const [mean, along, count, factor] = Array.from({ length: 4 }, () => local("v128"));
    const size = number(width);
    const zero = f32x4.const(0);
    const parameters = [
      set(to, this.sumAt(scale)),
      addRow(to, width, (load) => f32x4.mul(load(row), load(normal))),
      set(to, this.sumAt(shift)),
      addRow(to, width, (load) => load(row)),
    ];
    return [
      norm === "affine" ? parameters : [],
      affine.start,
      mapRow(size, ({ load, store }) => store(row, affine.scaled(load(row), load))),
      reduceRow(size, mean, f32x4.add, zero, ({ load }) => load(row)),
      reduceRow(size, along, f32x4.add, zero, ({ load }) => f32x4.mul(load(row), load(normal))),
      set(count, f32x4.splat(f32.convertI32U(size))),
      set(mean, f32x4.div(mean, count)),
      set(along, f32x4.div(along, count)),
      set(factor, v128.load(block.behind(normal))),
      mapRow(size, ({ load, store }) => {
        const centred = f32x4.sub(load(row), mean);
        return store(row, f32x4.mul(f32x4.sub(centred, f32x4.mul(load(normal), along)), factor));
      }),
    ];
  }

  /** What the inputs of the first layer receive. */
  private storeSlopes(): Code {
    const { block, frame } = this;
    const { layers, own, ownWidth, repeated } = block.structure;
    const [{ width }] = layers;
    const begin = repeated.length > 0 ? width : 0;
    const pitch = number(4 * (begin + ownWidth));
    const [into, to] = integers(2);
    const dz = this.slopes(0);
    const ofFirst = block.eachRow(dz, (row, r) => [
      set(to, this.rowOf({ start: into, pitch }, r)),
      mapRow(number(width), ({ load, store }) => store(to, load(row))),
    ]);
    return [
      set(into, add(frame.at.slopes, mul(block.first, pitch))),
      begin > 0 ? ofFirst : [],
      own.map(({ at }, which) =>
        block.multiplyBack(0, which, dz, { start: add(into, number(4 * (begin + at))), pitch }),
      ),
    ];
  }
}

/** to[k] += term for every column. */
const addRow = (to: Local, width: number, term: (load: (row: Code) => Code) => Code): Code =>
  mapRow(number(width), ({ load, store }) => store(to, f32x4.add(load(to), term(load))));
