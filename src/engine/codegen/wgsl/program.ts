/** Spells a program as a WGSL compute shader: one invocation per element of the parallel loops. */
import { elementwise } from "../../ops/elementwise.ts";
import type { BufferUse, Let, Loop, Node, Param, Program, ValueType } from "../../program.ts";
import { storedName, typeName, wgslModule } from "./module.ts";

export function wgslSource(program: Program, workgroupSize: number): string {
  return wgslModule({
    params: program.params.map(programParam),
    buffers: program.buffers.map(programBuffer),
    workgroupSize,
    body: programBody(program),
  });
}

export const programParam = ({ type }: Param, which: number) => ({
  name: `p${which}`,
  type: storedName(type),
});
export const programBuffer = ({ dtype, written }: BufferUse, slot: number) => ({
  name: `b${slot}`,
  type: dtype === "f16" ? "f16" : storedName(dtype),
  written,
});

/** The statements for element `i`. */
export function programBody(program: Program): string {
  const loops: Loop[] = [];
  const nodes = flattenParallel(program.body, loops);
  return unflatten(loops, program) + block(nodes, "  ");
}

/** The statements of the parallel loops in order, without the loops. */
function flattenParallel(nodes: readonly Node[], loops: Loop[]): Node[] {
  return nodes.flatMap((node) => {
    if (node.kind !== "loop" || !node.parallel) return [node];
    loops.push(node);
    return flattenParallel(node.body, loops);
  });
}

/** The invocation number as one index per parallel loop; leading axes of size 1 cost no division. */
function unflatten(loops: readonly Loop[], program: Program): string {
  if (loops.length === 0) return "";
  const number = program.first === undefined ? "i" : `i + dims.p${program.first}`;
  const vars = loops.map(
    ({ id }, axis) => `  var v${id} = ${axis === loops.length - 1 ? number : "0u"};\n`,
  );
  return vars.join("") + nest(loops, program);
}

/** if (rank > 1) { split the last axis; if (rank > 2) { split the one before; … } } */
function nest(loops: readonly Loop[], program: Program): string {
  let code = "";
  for (let axis = 1; axis < loops.length; axis++) {
    const [outer, inner] = [loops[axis - 1].id, loops[axis].id];
    const size = `dims.p${program.extents[axis]}`;
    const split = `v${outer} = v${inner} / ${size}; v${inner} = v${inner} % ${size};`;
    code = `  if (dims.rank > ${loops.length - axis}u) { ${split}\n${code}  }\n`;
  }
  return code;
}

function block(nodes: readonly Node[], indent: string): string {
  return nodes.map((node) => statement(node, indent)).join("");
}

function statement(node: Node, indent: string): string {
  switch (node.kind) {
    case "let":
      return `${indent}let v${node.id} = ${spell(node)};\n`;
    case "var":
      return `${indent}var v${node.id}: ${typeName(node.type)} = ${literal(node.start, node.type)};\n`;
    case "accumulate": {
      const sum = apply(node.op, node.type, [`v${node.id}`, `v${node.value}`]);
      return `${indent}v${node.id} = ${sum};\n`;
    }
    case "store": {
      const value = inMemory(node.type, `v${node.value}`);
      return `${indent}b${node.buffer}[v${node.offset}] = ${value};\n`;
    }
    case "loop": {
      const i = `v${node.id}`;
      const from = node.from === null ? "0u" : `v${node.from}`;
      const step = node.step === null ? "1u" : `v${node.step}`;
      const head = `${indent}for (var ${i} = ${from}; ${i} < v${node.extent}; ${i} += ${step}) {\n`;
      return `${head}${block(node.body, `${indent}  `)}${indent}}\n`;
    }
  }
}

/** A value as it lies in memory. */
function inMemory(type: ValueType, value: string): string {
  if (type === "f16") return `bitcast<vec2<f16>>(tgFloat16Bits(${value})).x`;
  return type === "bool" ? `select(0u, 1u, ${value})` : value;
}

function literal(number: number, type: ValueType): string {
  if (type === "bool") return number ? "true" : "false";
  if (type === "f32" || type === "f16")
    return Number.isInteger(number) && Math.abs(number) < 1e9 ? `${number}.0` : `${number}f`;
  if (type === "i32") return number === -(2 ** 31) ? "i32(-2147483647 - 1)" : `i32(${number})`;
  return `${number}u`;
}

function spell(node: Let): string {
  const args = node.args.map((arg) => `v${arg}`);
  switch (node.op) {
    case "param":
      return node.type === "bool" ? `dims.p${node.operand} != 0u` : `dims.p${node.operand}`;
    case "literal":
      return literal(node.operand, node.type);
    case "load": {
      const element = `b${node.operand}[${args[0]}]`;
      if (node.type === "f16")
        return `tgFloat16Value(bitcast<u32>(vec2<f16>(${element}, 0.0h)) & 0xffffu)`;
      return node.type === "bool" ? `${element} != 0u` : element;
    }
    case "cast":
      return cast(args[0], node.from, node.type);
    case "given":
      return "value";
    case "philox":
      return `tgPhilox(${args.join(", ")})`;
    default:
      return apply(node.op, node.from, args);
  }
}

function apply(op: string, type: ValueType, args: string[]): string {
  const row = elementwise[op];
  const isInteger = type === "i32" || type === "u32";
  return ((isInteger ? row.integer?.wgsl : undefined) ?? row.wgsl)(...args);
}

function cast(x: string, from: ValueType, to: ValueType): string {
  if (to === "f16" && from !== "f16") return `tgFloat16Value(tgFloat16Bits(f32(${x})))`;
  if (from === "f16") return to === "f16" || to === "f32" ? x : cast(x, "f32", to);
  if (to === "bool" && from !== "bool")
    return `${x} != ${from === "f32" ? "0.0" : from === "i32" ? "0" : "0u"}`;
  if (from === "f32" && to === "i32") return `tgToI32(${x})`;
  if (from === "f32" && to !== "bool") return `tgToU32(${x})`;
  return typeName(from) === typeName(to) ? x : `${typeName(to)}(${x})`;
}
