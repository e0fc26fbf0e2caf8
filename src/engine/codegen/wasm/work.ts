import type { Let, Node, Program, Value } from "../../program.ts";

/** Rounds of a loop over a segment, whose length is known to the device only. */
const usualRounds = 16;

/** How much a launch of a program computes, in statements of four elements, roughly. */
export function workOf({ body, extents }: Program): (params: readonly number[]) => number {
  const lets = new Map<Value, Let>();
  let parallel = 0;
  const worksOf = (nodes: readonly Node[]): ((params: readonly number[]) => number) => {
    const inner: ((params: readonly number[]) => number)[] = [];
    let own = 0;
    for (const node of nodes) {
      if (node.kind === "let") lets.set(node.id, node);
      if (node.kind !== "loop") own++;
      else {
        const param = node.parallel ? extents[parallel++] : paramOf(lets.get(node.extent));
        const works = worksOf(node.body);
        const rounds = (params: readonly number[]) => (param < 0 ? usualRounds : params[param]);
        inner.push((params) => rounds(params) * works(params));
      }
    }
    return (params) => inner.reduce((sum, work) => sum + work(params), own);
  };
  const all = worksOf(body);
  return (params) => all(params) / 4;
}

const paramOf = (extent: Let | undefined): number => (extent?.op === "param" ? extent.operand : -1);
