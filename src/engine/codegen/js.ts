/** Spells a program as a JavaScript function of (buffers, params). */
import type { DType, StoredArray } from "../dtype.ts";
import { elementwise } from "../ops/elementwise.ts";
import type { Let, Node, Program, ValueType } from "../program.ts";
import { jsMath } from "./math.ts";

export type JsFunction = (buffers: readonly StoredArray[], params: readonly number[]) => void;

export function jsSource(program: Program): string {
  const buffers = program.buffers.map((_, slot) => `  const b${slot} = buffers[${slot}];\n`);
  const result = program.buffers.findIndex(({ written }) => written);
  buffers.push(`  const given = b${result};\n`); // a kernel has left its results where they are finished
  return `"use strict";\n${buffers.join("")}${block(program.body, "  ")}`;
}

export function jsFunction(source: string): JsFunction {
  const compiled = new Function("m", "buffers", "params", source);
  return (buffers, params) => compiled(jsMath, buffers, params);
}

/** One elementwise op as a function of numbers; truth is 1. */
export function jsFunctionOf(op: string, type: ValueType): (...operands: number[]) => number {
  const names = ["x", "y", "z"].slice(0, elementwise[op].js.length);
  const compiled = new Function("m", ...names, `"use strict"; return ${apply(op, type, names)};`);
  return (...operands) => compiled(jsMath, ...operands);
}

const scalars = new Map<string, (...operands: number[]) => number>();

/** An elementwise op, or `cast`, of operands of dtype `from` to one of `to`, as a function of numbers. */
export function scalarFunction(op: string, from: DType, to: DType): (...of: number[]) => number {
  const key = `${op} ${from} ${to}`;
  const known = scalars.get(key);
  if (known) return known;
  const castTo = () => new Function("m", "x", `return ${cast("x", from, to)};`).bind(null, jsMath);
  const compiled = op === "cast" ? castTo() : jsFunctionOf(op, from);
  const made = (...operands: number[]) => Number(compiled(...operands));
  scalars.set(key, made);
  return made;
}

function block(nodes: readonly Node[], indent: string): string {
  return nodes.map((node) => statement(node, indent)).join("");
}

function statement(node: Node, indent: string): string {
  switch (node.kind) {
    case "let":
      return `${indent}const v${node.id} = ${spell(node)};\n`;
    case "var":
      return `${indent}let v${node.id} = ${node.start};\n`;
    case "accumulate": {
      const sum = apply(node.op, node.type, [`v${node.id}`, `v${node.value}`]);
      return `${indent}v${node.id} = ${sum};\n`;
    }
    case "store": {
      const value = stored(node.type, `v${node.value}`);
      return `${indent}b${node.buffer}[v${node.offset}] = ${value};\n`;
    }
    case "loop": {
      const i = `v${node.id}`;
      const from = node.from === null ? "0" : `v${node.from}`;
      const next = node.step === null ? `${i}++` : `${i} += v${node.step}`;
      const head = `${indent}for (let ${i} = ${from}; ${i} < v${node.extent}; ${next}) {\n`;
      return `${head}${block(node.body, `${indent}  `)}${indent}}\n`;
    }
  }
}

function stored(type: ValueType, value: string): string {
  if (type === "f16") return `m.float16Bits(${value})`;
  return type === "bool" ? `${value} ? 1 : 0` : value;
}

function spell(node: Let): string {
  const args = node.args.map((arg) => `v${arg}`);
  switch (node.op) {
    case "param":
      return node.type === "bool" ? `params[${node.operand}] !== 0` : `params[${node.operand}]`;
    case "literal":
      return `${node.operand}`;
    case "load": {
      const element = `b${node.operand}[${args[0]}]`;
      if (node.type === "f16") return `m.float16Value(${element})`;
      return node.type === "bool" ? `${element} !== 0` : element;
    }
    case "cast":
      return cast(args[0], node.from, node.type);
    case "given":
      return `given[${args[0]}]`;
    case "philox":
      return `m.philox(${args.join(", ")})`;
    default:
      return apply(node.op, node.from, args);
  }
}

function apply(op: string, type: ValueType, args: string[]): string {
  const row = elementwise[op];
  if (type === "index")
    return op === "div" ? `Math.floor(${args[0]} / ${args[1]})` : row.js(...args);
  if (row.gives === "bool" || (type !== "i32" && type !== "u32")) return row.js(...args);
  const code = (row.integer?.js ?? row.js)(...args);
  return type === "i32" ? `(${code}) | 0` : `(${code}) >>> 0`;
}

function cast(x: string, from: ValueType, to: ValueType): string {
  if (to === "f16") return from === to ? x : `m.roundFloat16(${from === "bool" ? `+${x}` : x})`;
  if (to === "bool") return `${x} !== 0`;
  if (from === "bool") return `${x} ? 1 : 0`;
  if (to === "f32" || to === "index" || from === to) return x;
  if (from === "f32" || from === "f16") return to === "i32" ? `m.toI32(${x})` : `m.toU32(${x})`;
  return to === "i32" ? `${x} | 0` : `${x} >>> 0`;
}
