/**
 * Placement: which values lie inside the buffer of another. A piece of a stored value is part of its
 * memory, and what is packed is written straight into the pack, where that is allowed.
 */
import type { Expr } from "./expr.ts";
import { layoutOf } from "./layout.ts";
import type { Param, Program } from "./program.ts";
import { ProgramBuilder } from "./programBuilder.ts";
import { sizeOf } from "./shape.ts";

/** A value that is part of another's buffer, by positions in the listing of nodes. */
export interface Alias {
  of: number;
  /** Its first element there. */
  start: (nodes: readonly Expr[]) => number;
}

export type Aliases = ReadonlyMap<number, Alias>;

/** Position of the value whose buffer holds the one at `at`. */
export function ownerOf(aliases: Aliases, at: number): number {
  for (let alias = aliases.get(at); alias; alias = aliases.get(at)) at = alias.of;
  return at;
}

/** The place of operand number `which` in the pack at `of`. */
export const placeIn = (of: number, which: number): Alias => ({
  of,
  start: (nodes) => layoutOf(nodes[of].inputs.map(({ shape }) => shape)).starts[which],
});

export const pieceOf = (at: number, of: number): Alias => ({
  of,
  start: (nodes) => nodes[at].values[0],
});

interface Traffic {
  inputs: readonly number[];
  outputs: readonly number[];
}

/**
 * Adds the operands of a pack that their own launches may write in place. Returns why each of the
 * others has to be copied; no launch may read and write one buffer, not even different places of it.
 */
export function placeOperands(
  pack: number,
  operands: readonly number[],
  launches: readonly Traffic[],
  aliases: Map<number, Alias>,
): ReadonlyMap<number, string> {
  const refused = new Map<number, string>();
  const refuse = (at: number, reason: string) => {
    if (operands.includes(at) && !refused.has(at)) refused.set(at, reason);
  };
  const computed = new Set(launches.flatMap(({ outputs }) => outputs));
  for (const [which, at] of operands.entries()) {
    const owner = ownerOf(aliases, at);
    if (operands.indexOf(at) !== which) refuse(at, "packed twice");
    if (owner === at && computed.has(at)) continue;
    refuse(at, owner === at ? "packed, computed before" : "packed, part of another buffer");
    refuse(owner, "packed, and source of a copy");
  }
  const isPlaced = (at: number) => operands.includes(at) && !refused.has(at);
  for (const { inputs, outputs } of launches)
    if (outputs.some(isPlaced))
      for (const at of inputs)
        refuse(ownerOf(aliases, at), "packed, and read where another operand is written");
  for (const [which, at] of operands.entries())
    if (isPlaced(at)) aliases.set(at, placeIn(pack, which));
  return refused;
}

/** Copies the value at `at` element by element. */
export function copyProgram(at: number): Program {
  const build = new ProgramBuilder();
  const size: Param = { key: "size", type: "index", value: (nodes) => sizeOf(nodes[at].shape) };
  const source = build.buffer("f32", false);
  const element = build.parallel(size);
  build.store(build.buffer("f32", true), element, build.load(source, element));
  return { ...build.finish(), grid: null };
}
