/**
 * How much arithmetic launches do: operations on floats, functions such as exp as several. Indices,
 * integers and random bits are not counted.
 */
import { compositionOf, isComposite } from "./composite.ts";
import { isFloat } from "./dtype.ts";
import type { Expr } from "./expr.ts";
import { kernelParams } from "./kernelLaunch.ts";
import { isReduction, isSegmentOp } from "./lower.ts";
import { elementwise } from "./ops/elementwise.ts";
import type { Launch } from "./plan.ts";
import type { Node, Program, Sized, Value } from "./program.ts";
import { flopsOfOp } from "./score.ts";
import { sizeOf } from "./shape.ts";

export interface Operations {
  flops: number;
  /** Of these, those that compute what has been computed before: by another launch, or by this one for another use. */
  again: number;
}

/** The operations of each launch. */
export function countOperations(launches: readonly Launch[], nodes: readonly Expr[]): Operations[] {
  const done = new Set<number>();
  return launches.map(({ program, owners, kernel }) => {
    const own = kernel ? flopsOfKernel(kernel, nodes) : 0;
    const counts = program ? evaluations(program, owners, nodes) : new Map<number, number>();
    let [flops, again] = [own, 0];
    for (const [at, count] of counts) {
      const cost = flopsOfOp(nodes[at].op);
      flops += count * cost;
      again += cost * (done.has(at) ? count : Math.max(0, count - evaluationsWanted(nodes[at])));
      done.add(at);
    }
    return { flops: Math.round(flops), again: Math.round(again) };
  });
}

/** How often the op of an expression is applied if each of its elements is computed once. */
function evaluationsWanted(expr: Expr): number {
  if (expr.op in elementwise)
    return isFloat(expr.inputs[expr.inputs.length - 1].dtype) ? sizeOf(expr.shape) : 0;
  if (!isFloat(expr.dtype)) return 0;
  const [x, , order] = expr.inputs;
  if (isReduction(expr)) return sizeOf(x.shape);
  return isSegmentOp(expr) ? sizeOf(order.shape) * sizeOf(x.shape.slice(1)) : 0;
}

/** How often a program applies the ops of expressions, by their positions. */
function evaluations(
  program: Program,
  owners: ReadonlyMap<Value, number>,
  nodes: readonly Expr[],
): Map<number, number> {
  const counts = new Map<number, number>();
  const indices = new Map<Value, number>();
  const visit = (node: Node, times: number): void => {
    if (node.kind === "loop") {
      const count = tripsOf(node, indices, nodes);
      for (const inner of node.body) visit(inner, times * count);
    }
    if (node.kind === "let") note(node, program, indices, nodes);
    if (node.kind !== "let" && node.kind !== "accumulate") return;
    const at = owners.get(node.id);
    if (at === undefined || evaluationsWanted(nodes[at]) === 0) return;
    if (node.kind === "let" && node.op !== nodes[at].op) return; // loaded, not computed
    counts.set(at, (counts.get(at) ?? 0) + times);
  };
  for (const node of program.body) visit(node, 1);
  return counts;
}

/** Works out index values that depend on sizes only. */
function note(
  { id, op, args, operand }: Extract<Node, { kind: "let" }>,
  { params }: Program,
  indices: Map<Value, number>,
  nodes: Sized,
): void {
  const [a, b] = args.map((arg) => indices.get(arg));
  const found: Record<string, () => number | undefined> = {
    param: () => params[operand].value(nodes, 1),
    literal: () => operand,
    mul: () => (a === undefined || b === undefined ? undefined : a * b),
  };
  const value = found[op]?.();
  if (value !== undefined) indices.set(id, value);
}

function tripsOf(
  { extent, trips }: Extract<Node, { kind: "loop" }>,
  indices: ReadonlyMap<Value, number>,
  nodes: Sized,
): number {
  if (trips) return trips(nodes);
  const count = indices.get(extent);
  if (count === undefined) throw new Error("explain: expected a loop of known length");
  return count;
}

/** What a kernel's sizes call for; else what its composition computes, were each value computed once. */
function flopsOfKernel(
  { kernel, at }: NonNullable<Launch["kernel"]>,
  nodes: readonly Expr[],
): number {
  const node = nodes[at];
  if (!kernel.flops) return flopsOfComposition(node);
  const shapes = node.inputs.map(({ shape }) => shape);
  return kernel.flops(kernelParams(kernel, shapes, node).dims, kernel.attrs);
}

function flopsOfComposition(whole: Expr): number {
  const given = new Set(whole.inputs);
  const seen = new Set([compositionOf(whole)]);
  let flops = 0;
  for (const expr of seen) {
    if (given.has(expr) || expr.storage) continue;
    if (isComposite(expr)) flops += flopsOfComposition(expr);
    else flops += evaluationsWanted(expr) * flopsOfOp(expr.op);
    for (const input of expr.inputs) seen.add(input);
  }
  return flops;
}
