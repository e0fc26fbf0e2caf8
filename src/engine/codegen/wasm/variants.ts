/**
 * Which loop of a program becomes the lanes of vectors: the innermost parallel one, or the innermost
 * serial ones. Both may be possible; sizes and strides, known at run time, then decide.
 */
import type { Let, Loop, Node, Program, Value } from "../../program.ts";

export type VariantName = "parallel" | "serial" | "scalar";

export interface Variant {
  name: VariantName;
  /** Loops whose rounds become lanes. */
  lanes: readonly Loop[];
  /** How far apart each load and store of these loops is from lane to lane, given the parameters. */
  strides: readonly ((params: readonly number[]) => number)[];
}

export function variantsOf(program: Program): Variant[] {
  const loops = loopsOf(program.body);
  const inner = loops.filter(({ parallel }) => parallel).at(-1);
  const leaves = loops.filter(isLeafReduction);
  const variants: Variant[] = [];
  const add = (name: VariantName, lanes: readonly Loop[]) =>
    variants.push({ name, lanes, strides: lanes.flatMap((loop) => stridesAlong(loop, program)) });
  if (inner && hasEvenLoops(inner)) add("parallel", [inner]);
  if (leaves.length > 0) add("serial", leaves);
  if (variants.length === 0) add("scalar", []);
  return variants;
}

/** The variant to run with these parameters. */
export function chooseVariant(
  variants: readonly Variant[],
  params: readonly number[],
  innermostExtent: number,
): VariantName {
  if (variants.length === 1) return variants[0].name;
  const [parallel, serial] = variants.map(
    ({ strides }) => strides.filter((stride) => stride(params) > 1).length,
  );
  if (innermostExtent < 4) return "serial";
  return serial < parallel ? "serial" : "parallel";
}

/** Every loop, outer ones first. */
export const loopsOf = (nodes: readonly Node[]): Loop[] =>
  nodes.flatMap((node) => (node.kind === "loop" ? [node, ...loopsOf(node.body)] : []));

const letsOf = (nodes: readonly Node[]): Let[] =>
  nodes.flatMap((node) =>
    node.kind === "loop" ? letsOf(node.body) : node.kind === "let" ? [node] : [],
  );

/** A serial loop without others inside, that accumulates and does nothing else. */
function isLeafReduction({ parallel, body }: Loop): boolean {
  const totals = body.flatMap((node) => (node.kind === "accumulate" ? [node.id] : []));
  const isRead = letsOf(body).some(({ args }) => args.some((arg) => totals.includes(arg)));
  const isPlain = body.every(({ kind }) => kind === "let" || kind === "accumulate");
  return !parallel && isPlain && totals.length > 0 && !isRead;
}

/** Whether all rounds of a loop make the same rounds of the loops inside. */
function hasEvenLoops(lane: Loop): boolean {
  const varying = new Set<Value>([lane.id]);
  let isEven = true;
  const visit = (node: Node): void => {
    if (node.kind === "let" && node.args.some((arg) => varying.has(arg))) varying.add(node.id);
    if (node.kind === "var") varying.add(node.id);
    if (node.kind !== "loop") return;
    const bounds = [node.from, node.extent, node.step];
    if (bounds.some((bound) => bound !== null && varying.has(bound))) isEven = false;
    node.body.forEach(visit);
  };
  lane.body.forEach(visit);
  return isEven;
}

/** 0, a parameter, 1, or something else: how an index grows with the loop. */
type Growth = 0 | 1 | "other" | { param: number };

function stridesAlong(loop: Loop, { params: _, body }: Program): Variant["strides"] {
  const lets = new Map(letsOf(body).map((node) => [node.id, node]));
  const known = new Map<Value, Growth>([[loop.id, 1]]);
  const growth = (value: Value): Growth => {
    const done = known.get(value);
    if (done !== undefined) return done;
    const found = growthOf(lets.get(value), growth, lets);
    known.set(value, found);
    return found;
  };
  const offsets: Value[] = [];
  const visit = (node: Node): void => {
    if (node.kind === "store") offsets.push(node.offset);
    if (node.kind === "let" && node.op === "load") offsets.push(node.args[0]);
    if (node.kind === "loop") node.body.forEach(visit);
  };
  loop.body.forEach(visit);
  return offsets.map(growth).map((found) => (params) => {
    if (typeof found === "number") return found;
    return found === "other" ? Number.POSITIVE_INFINITY : Math.abs(params[found.param]);
  });
}

function growthOf(
  node: Let | undefined,
  growth: (value: Value) => Growth,
  lets: ReadonlyMap<Value, Let>,
): Growth {
  if (!node) return 0;
  const found = node.args.map(growth);
  const moving = found.findIndex((each) => each !== 0);
  if (moving < 0) return 0;
  if (node.op === "cast") return found[0];
  if (found.filter((each) => each !== 0).length > 1) return "other";
  if (node.op === "add" || (node.op === "sub" && moving === 0)) return found[moving];
  const factor = lets.get(node.args[1 - moving]);
  if (node.op !== "mul" || found[moving] !== 1) return "other";
  if (factor?.op === "param") return { param: factor.operand };
  return factor?.op === "literal" && factor.operand === 1 ? 1 : "other";
}
