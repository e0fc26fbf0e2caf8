/** Builds programs: statements and loops find their places while they are added. */
import type { DType } from "./dtype.ts";
import type { BufferUse, Loop, Node, Param, Program, Value, ValueType } from "./program.ts";

interface Block {
  nodes: Node[];
  open: Node[]; // loops opened in this block and not yet closed
}

/** A loop from 0 in steps of 1. */
const unranged = { from: null, step: null, trips: null };

/** Builds a program; every value is placed in the outermost loop where its operands are known. */
export class ProgramBuilder {
  readonly params: Param[] = [];
  readonly buffers: BufferUse[] = [];
  private readonly root: Block = { nodes: [], open: [] };
  private chain: Block[] = [this.root];
  private readonly types: ValueType[] = [];
  private readonly blockOf: Block[] = [];
  private readonly known = new Map<string, Value>();
  private readonly extents: number[] = [];

  /** A run-time number. Parameters of equal keys are one. */
  param(param: Param): Value {
    const known = this.known.get(`param ${param.key}`);
    if (known !== undefined) return known;
    this.params.push(param);
    const id = this.let("param", param.type, [], { operand: this.params.length - 1 });
    this.known.set(`param ${param.key}`, id);
    return id;
  }

  literal(number: number, type: ValueType): Value {
    return this.let("literal", type, [], { operand: number });
  }

  /** The value of `op` on earlier values; the same op on the same values is computed once. */
  let(
    op: string,
    type: ValueType,
    args: readonly Value[],
    { operand = 0, from = args.length > 0 ? this.types[args[args.length - 1]] : type } = {},
  ): Value {
    const key = `${op} ${type} ${from} ${operand} ${args.join(" ")}`;
    const known = this.known.get(key);
    if (known !== undefined && this.chain.includes(this.blockOf[known])) return known;
    const block = this.deepest(args);
    const id = this.define(type, block);
    this.insert(block, { kind: "let", id, type, op, args, from, operand });
    this.known.set(key, id);
    return id;
  }

  buffer(dtype: DType, written: boolean): number {
    this.buffers.push({ dtype, written });
    return this.buffers.length - 1;
  }

  load(buffer: number, offset: Value): Value {
    return this.let("load", this.buffers[buffer].dtype, [offset], { operand: buffer });
  }

  store(buffer: number, offset: Value, value: Value): void {
    const type = this.buffers[buffer].dtype;
    this.insert(this.innermost(), { kind: "store", buffer, type, offset, value });
  }

  /** Opens a loop inside all open ones and returns its index. */
  parallel(extent: Param): Value {
    const size = this.param(extent);
    this.extents.push(this.params.findIndex((param) => param.key === extent.key));
    return this.open(this.innermost(), { ...unranged, extent: size, parallel: true });
  }

  /** Opens a serial loop in the outermost place where `outer` values are known. */
  serial(
    extent: Value,
    outer: readonly Value[],
    range: { from: Value; step: Value; trips?: Loop["trips"] } | null,
  ): Value {
    const block = this.deepest(outer);
    this.chain = this.chain.slice(0, this.chain.indexOf(block) + 1);
    return this.open(block, { ...unranged, extent, parallel: false, ...range });
  }

  /** A variable to accumulate into, beside the values of `outer`. */
  accumulator(type: ValueType, start: number, outer: readonly Value[]): Value {
    const block = this.deepest(outer);
    const id = this.define(type, block);
    this.insert(block, { kind: "var", id, type, start });
    return id;
  }

  accumulate(id: Value, op: string, value: Value): void {
    this.insert(this.innermost(), { kind: "accumulate", id, type: this.types[id], op, value });
  }

  /** Where code is being added; give it back to `resume` to return there. */
  place(): unknown {
    return this.chain;
  }

  resume(place: unknown): void {
    const outer = place as Block[];
    for (const block of this.chain) if (!outer.includes(block)) this.close(block);
    this.chain = outer;
  }

  isKnown(value: Value): boolean {
    return this.chain.includes(this.blockOf[value]);
  }

  typeOf(value: Value): ValueType {
    return this.types[value];
  }

  /** The program, with the buffers that it writes after those that it reads. */
  finish(): Omit<Program, "grid"> {
    const { params, types, extents } = this;
    const order = [...this.buffers.keys()].sort(
      (a, b) => Number(this.buffers[a].written) - Number(this.buffers[b].written),
    );
    const buffers = order.map((buffer) => this.buffers[buffer]);
    return { params, buffers, body: renumber(this.root.nodes, order), types, extents };
  }

  private open(block: Block, loop: Omit<Loop, "kind" | "id" | "body">): Value {
    const inner: Block = { nodes: [], open: [] };
    const id = this.define("index", inner);
    const node: Loop = { kind: "loop", id, body: inner.nodes, ...loop };
    this.insert(block, node);
    block.open.push(node);
    this.chain = [...this.chain, inner];
    return id;
  }

  private close(inner: Block): void {
    for (const block of this.chain)
      block.open = block.open.filter((node) => (node as Loop).body !== inner.nodes);
  }

  private define(type: ValueType, block: Block): Value {
    this.types.push(type);
    this.blockOf.push(block);
    return this.types.length - 1;
  }

  private innermost(): Block {
    return this.chain[this.chain.length - 1];
  }

  private deepest(values: readonly Value[]): Block {
    let depth = 0;
    for (const value of values) depth = Math.max(depth, this.chain.indexOf(this.blockOf[value]));
    return this.chain[depth];
  }

  /** Adds to the block, in front of the loop that is being filled. */
  private insert(block: Block, node: Node): void {
    const before = block.open[block.open.length - 1];
    block.nodes.splice(before ? block.nodes.indexOf(before) : block.nodes.length, 0, node);
  }
}

/** The same statements with buffer `order[b]` called b. */
function renumber(nodes: readonly Node[], order: readonly number[]): Node[] {
  return nodes.map((node) => {
    if (node.kind === "loop") return { ...node, body: renumber(node.body, order) };
    if (node.kind === "store") return { ...node, buffer: order.indexOf(node.buffer) };
    const isLoad = node.kind === "let" && node.op === "load";
    return isLoad ? { ...node, operand: order.indexOf(node.operand) } : node;
  });
}
