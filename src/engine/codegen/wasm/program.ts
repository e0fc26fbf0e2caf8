/**
 * Spells a program as a WebAssembly module. Its functions take the address of a block of words
 * (parameters, then addresses of buffers), the number of a parallel loop, and from where to where that
 * loop is to run, so that threads can share it. The other loops run over all of their range.
 */
import type {
  Accumulate,
  Let,
  Loop,
  Node,
  Program,
  Store,
  Value,
  ValueType,
} from "../../program.ts";
import { load, store } from "./access.ts";
import { type Code, type Local, local, set } from "./code.ts";
import { loopUp, repeatWhile } from "./control.ts";
import { i32, i32x4, shuffle, v128 } from "./instructions.ts";
import {
  indexArithmetic,
  isUniform,
  type Lanes,
  literalOf,
  numberOf,
  times,
  vectorOf,
} from "./lanes.ts";
import { assemble, type Definition, define } from "./module.ts";
import { philox } from "./philox.ts";
import { cast, type JsOp, jsOp, spell } from "./spelling.ts";
import { loopsOf, type Variant, variantsOf } from "./variants.ts";

export interface WasmProgram {
  bytes: Uint8Array<ArrayBuffer>;
  variants: readonly Variant[];
  /** Spellings in JavaScript that the module calls. */
  imports: readonly JsOp[];
}

export function wasmProgram(program: Program, isShared: boolean): WasmProgram {
  const variants = variantsOf(program);
  const imports = new Map<string, JsOp>();
  const imported = (op: string, type: ValueType): JsOp => {
    const made = jsOp(op, type);
    const callee = imports.get(made.name) ?? made;
    imports.set(made.name, callee);
    return callee;
  };
  const functions = variants.map((variant) => new Emitter(program, variant, imported).function());
  return {
    bytes: assemble({ imports: [...imports.values()], functions, isShared }),
    variants,
    imports: [...imports.values()],
  };
}

const wordBytes = 4;

class Emitter {
  private readonly program: Program;
  private readonly variant: Variant;
  private readonly imported: (op: string, type: ValueType) => JsOp;
  private readonly block = local("i32");
  private readonly cut = local("i32");
  private readonly from = local("i32");
  private readonly to = local("i32");
  private readonly buffers: readonly Local[];
  private readonly parallel: readonly Loop[];
  private readonly values = new Map<Value, Lanes>();
  /** Sums of each lane, while a serial loop is spread over lanes. */
  private partial = new Map<Value, readonly Local[]>();
  /** Vectors per value in the code that is being written; 0 where one element is computed. */
  private width = 0;
  private code: Code[] = [];

  constructor(program: Program, variant: Variant, imported: (op: string, type: ValueType) => JsOp) {
    this.program = program;
    this.variant = variant;
    this.imported = imported;
    this.buffers = program.buffers.map(() => local("i32"));
    this.parallel = loopsOf(program.body).filter(({ parallel }) => parallel);
  }

  function(): Definition {
    const { params } = this.program;
    for (const [slot, buffer] of this.buffers.entries())
      this.code.push(set(buffer, i32.load(this.block, (params.length + slot) * wordBytes)));
    this.nodes(this.program.body);
    return define(this.variant.name, [this.block, this.cut, this.from, this.to], this.code);
  }

  private nodes(nodes: readonly Node[]): void {
    for (const node of nodes) {
      if (node.kind === "let") this.values.set(node.id, this.let(node));
      else if (node.kind === "var") this.values.set(node.id, this.variable(node.type, node.start));
      else if (node.kind === "accumulate") this.accumulate(node);
      else if (node.kind === "store") this.store(node);
      else if (this.variant.lanes.includes(node)) this.laneLoop(node);
      else this.loop(node);
    }
  }

  private value(id: Value): Lanes {
    return this.values.get(id) as Lanes;
  }

  /** Code of `write`, apart. */
  private inside(write: () => void): Code[] {
    const outer = this.code;
    this.code = [];
    write();
    const inner = this.code;
    this.code = outer;
    return inner;
  }

  private readonly keep = (statement: Code): void => {
    this.code.push(statement);
  };

  /** One vector if nothing that it is made of differs between lanes, else as many as the width. */
  private vectors(args: readonly Lanes[], make: (which: number) => Code): Lanes {
    const hold = (which: number): Local => {
      const to = local("v128");
      this.keep(set(to, make(which)));
      return to;
    };
    if (args.every(isUniform)) return { kind: "same", vector: hold(0) };
    return { kind: "each", vectors: Array.from({ length: this.width }, (_, which) => hold(which)) };
  }

  private let(node: Let): Lanes {
    const args = node.args.map((arg) => this.value(arg));
    const { op, type, from, operand } = node;
    switch (op) {
      case "param":
        return this.param(type, operand);
      case "literal":
        return literalOf(operand, type);
      case "load":
        return this.load(operand, args[0]);
      case "given": // a kernel has left its results where they are finished
        return this.load(
          this.program.buffers.findIndex(({ written }) => written),
          args[0],
        );
      case "philox":
        return this.vectors(args, (which) => philox(args.map((arg) => vectorOf(arg, which))));
      case "cast": {
        const isWhole = (each: ValueType) => !["f32", "f16", "bool"].includes(each);
        if (from === type || (isWhole(from) && isWhole(type))) return args[0];
        return this.vectors(args, (which) => cast(vectorOf(args[0], which), from, type));
      }
    }
    const index = type === "index" ? indexArithmetic(op, args, this.keep) : undefined;
    if (index) return index;
    const spelled = (which: number): Code =>
      spell(
        op,
        from,
        args.map((arg) => vectorOf(arg, which)),
        this.imported,
      );
    return this.vectors(args, spelled);
  }

  private param(type: ValueType, position: number): Lanes {
    const at = position * wordBytes;
    if (type === "f32" || type === "f16")
      return this.vectors([], () => v128.load32Splat(this.block, at));
    if (type === "bool")
      return this.vectors([], () => i32x4.ne(v128.load32Splat(this.block, at), i32x4.const(0)));
    const to = local("i32");
    this.keep(set(to, i32.load(this.block, at)));
    return { kind: "number", code: to };
  }

  private load(buffer: number, offset: Lanes): Lanes {
    const { dtype } = this.program.buffers[buffer];
    return load(dtype, this.buffers[buffer], offset, this.width, this.keep);
  }

  private store({ buffer, type, offset, value }: Store): void {
    const vectors = Array.from({ length: Math.max(1, this.width) }, (_, which) =>
      vectorOf(this.value(value), which),
    );
    this.code.push(store(type, this.buffers[buffer], this.value(offset), vectors));
  }

  private variable(type: ValueType, start: number): Lanes {
    const first = vectorOf(literalOf(start, type), 0);
    const made = Array.from({ length: Math.max(1, this.width) }, () => local("v128"));
    this.code.push(made.map((vector) => set(vector, first)));
    return this.width === 0 ? { kind: "same", vector: made[0] } : { kind: "each", vectors: made };
  }

  private accumulate({ id, type, op, value }: Accumulate): void {
    const total = this.value(id);
    const whole = total.kind === "each" ? total.vectors : [(total as { vector: Local }).vector];
    for (const [which, sum] of (this.partial.get(id) ?? whole).entries())
      this.code.push(set(sum, this.combine(op, type, sum, vectorOf(this.value(value), which))));
  }

  private combine(op: string, type: ValueType, x: Code, y: Code): Code {
    return spell(op, type, [x, y], this.imported);
  }

  /** Where a loop begins and ends, and how far it steps. */
  private boundsOf(loop: Loop): { from: Code; end: Code; step: Code } {
    if (loop.parallel) {
      const axis = this.parallel.indexOf(loop);
      const isCut = i32.eq(this.cut, i32.const(axis));
      const size = i32.load(this.block, this.program.extents[axis] * wordBytes);
      const [from, end] = [local("i32"), local("i32")];
      this.keep(set(from, i32.select(isCut, this.from, i32.const(0))));
      this.keep(set(end, i32.select(isCut, this.to, size)));
      return { from, end, step: i32.const(1) };
    }
    const hold = (value: Value | null, otherwise: number): Code =>
      value === null ? i32.const(otherwise) : numberOf(this.value(value));
    const end = local("i32");
    this.keep(set(end, hold(loop.extent, 0)));
    return { from: hold(loop.from, 0), end, step: hold(loop.step, 1) };
  }

  private loop(loop: Loop): void {
    const { from, end, step } = this.boundsOf(loop);
    const i = local("i32");
    this.values.set(loop.id, { kind: "number", code: i });
    const body = this.inside(() => this.nodes(loop.body));
    this.code.push(set(i, from), loopUp(i, end, step, body));
  }

  /** Rounds of four times `unroll` elements, then of four, then the rest one by one. */
  private laneLoop(loop: Loop): void {
    const { from, end, step } = this.boundsOf(loop);
    const i = local("i32");
    this.code.push(set(i, from));
    const isUnit = loop.step === null || this.isOne(loop.step);
    const unroll = unrollOf(loop);
    for (const width of unroll > 1 ? [unroll, 1] : [1]) {
      const totals = loop.parallel ? [] : this.openPartials(loop, width);
      this.values.set(loop.id, { kind: "steps", base: i, stride: step, isUnit });
      this.width = width;
      const body = this.inside(() => this.nodes(loop.body));
      this.width = 0;
      const last = i32.add(i, times(step, 4 * width - 1));
      const next = set(i, i32.add(i, times(step, 4 * width)));
      this.code.push(repeatWhile(i32.ltU(last, end), [body, next]));
      for (const close of totals) close();
    }
    this.values.set(loop.id, { kind: "number", code: i });
    const body = this.inside(() => this.nodes(loop.body));
    this.code.push(loopUp(i, end, step, body));
  }

  private isOne(value: Value): boolean {
    const found = this.value(value);
    return found.kind === "number" && found.literal === 1;
  }

  /** A sum per lane of every accumulator; the functions returned add them up, in a fixed order. */
  private openPartials(loop: Loop, width: number): (() => void)[] {
    const accumulates = loop.body.filter((node) => node.kind === "accumulate");
    return accumulates.map(({ id, type, op }) => {
      const start = vectorOf(literalOf(neutral(op, type), type), 0);
      const lanes = Array.from({ length: width }, () => local("v128"));
      this.code.push(lanes.map((lane) => set(lane, start)));
      this.partial.set(id, lanes);
      return () => {
        this.partial.delete(id);
        const { vector } = this.value(id) as Lanes & { kind: "same" };
        const all = lanes.reduce<Code>((x, y) => this.combine(op, type, x, y), start);
        const half = local("v128");
        const pairs = local("v128");
        this.code.push(
          set(half, all),
          set(pairs, this.combine(op, type, half, shuffle(half, half, [2, 3, 0, 1]))),
          set(half, this.combine(op, type, pairs, shuffle(pairs, pairs, [1, 0, 3, 2]))),
          set(vector as Local, this.combine(op, type, vector, half)),
        );
      };
    });
  }
}

const largest = 3.4028234663852886e38; // greatest finite f32

/** What leaves any value as it is when combined with it. */
function neutral(op: string, type: ValueType): number {
  if (op === "add") return 0;
  if (op === "mul") return 1;
  const [low, high] = { f32: [-largest, largest], i32: [-(2 ** 31), 2 ** 31 - 1] }[
    type as "f32" | "i32"
  ] ?? [0, 2 ** 32 - 1];
  return op === "maximum" ? low : high;
}

/** Short loop bodies hide their latencies by working on several vectors. */
function unrollOf({ body }: Loop): number {
  const count = (nodes: readonly Node[]): number =>
    nodes.reduce((sum, node) => sum + (node.kind === "loop" ? count(node.body) : 1), 0);
  return count(body) <= 24 ? 4 : 1;
}
