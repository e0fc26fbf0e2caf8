/**
 * The same program for a part of its invocations, on parts of its buffers: a device binds only so many
 * bytes of a buffer at once, so a launch on larger ones is cut into several.
 */
import type { Let, Node, Param, Program, Value } from "./program.ts";

/**
 * Takes further parameters, after those of the program: the number of the first invocation, then for
 * each buffer the element that it is bound from.
 */
export function shifted(program: Program): Program {
  const types = [...program.types];
  const params = [...program.params];
  const lets: Let[] = [];
  const define = (op: string, args: readonly Value[], operand: number): Let => {
    types.push("index");
    return { kind: "let", id: types.length - 1, type: "index", op, args, from: "index", operand };
  };
  const param = (key: string): number => {
    params.push({ key, type: "index", value: () => 0 } satisfies Param); // set where it is launched
    return params.length - 1;
  };
  const first = param("first");
  const bases = program.buffers.map((_, buffer) => {
    const base = define("param", [], param(`base ${buffer}`));
    lets.push(base);
    return base.id;
  });
  const shift = (node: Node): Node[] => {
    if (node.kind === "loop") return [{ ...node, body: node.body.flatMap(shift) }];
    if (node.kind === "store") {
      const offset = define("sub", [node.offset, bases[node.buffer]], 0);
      return [offset, { ...node, offset: offset.id }];
    }
    if (node.kind !== "let" || node.op !== "load") return [node];
    const offset = define("sub", [node.args[0], bases[node.operand]], 0);
    return [offset, { ...node, args: [offset.id] }];
  };
  const body = [...lets, ...program.body.flatMap(shift)];
  return { ...program, params, body, types, grid: null, first };
}
