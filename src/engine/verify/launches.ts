/**
 * Whether launches stored what their expressions mean, each judged by the values that it read: an
 * error of one launch does not spoil the next, and rounding does not add up over a plan.
 */
import type { HostArray, Precision } from "../dtype.ts";
import type { Expr } from "../expr.ts";
import type { Launch } from "../plan.ts";
import { showShape, sizeOf, stridesOf } from "../shape.ts";
import type { Interval, Rounding } from "./interval.ts";
import { Reference } from "./reference.ts";

/** Elements of operands that are worked out per launch, and for one element of a result, at most. */
const mostSteps = { perLaunch: 2 ** 11, perElement: 2 ** 17 };

export function roundingOf(precision: Precision, isWgsl: boolean): Rounding {
  if (precision === "f64")
    return { unit: 2 ** -52, largest: Number.MAX_VALUE, least: 2 ** -1022, isWgsl };
  return { unit: 2 ** -23, largest: 3.4028234663852886e38, least: 2 ** -126, isWgsl };
}

/**
 * What is wrong in the first launch that is wrong, or undefined. `values` holds what was stored, by
 * position of its expression. Of large results a sample is checked, always the same.
 */
export function findWrongLaunch(
  launches: readonly Launch[],
  nodes: readonly Expr[],
  values: ReadonlyMap<number, HostArray>,
  rounding: Rounding,
): string | undefined {
  const position = new Map(nodes.map((node, at) => [node, at]));
  const show = (at: number) =>
    `#${at} ${nodes[at].op} ${nodes[at].dtype} ${showShape(nodes[at].shape)}`;
  for (const [which, launch] of launches.entries()) {
    const { label, inputs, outputs, members, kernel } = launch;
    const given = (expr: Expr): HostArray | undefined => {
      const at = position.get(expr);
      if (at === undefined || outputs.includes(at)) return undefined;
      // what is copied lies beside other parts of a pack, which are as they should be
      const isRead = inputs.includes(at) || expr.storage || launch.into;
      return isRead ? values.get(at) : undefined;
    };
    // a kernel may compute its result in other steps than the composition
    const unit = kernel ? 4 * rounding.unit : rounding.unit;
    const reference = new Reference(given, { ...rounding, unit });
    for (const at of outputs) {
      const wrong = worstElement(reference, nodes[at], values.get(at) as HostArray);
      if (!wrong) continue;
      const index = stridesOf(nodes[at].shape).map(
        (stride, axis) => Math.floor(wrong.element / stride) % nodes[at].shape[axis],
      );
      const { low, high } = wrong.expected;
      return [
        `expected launch ${which + 1} of ${launches.length} (${label}) to store ${low === high ? low : `${low} … ${high}`} in ${show(at)} at ${showShape(index)}, got ${wrong.actual}`,
        `  it computes ${members.map((member) => nodes[member].op).join(" ")}`,
        `  from ${inputs.map(show).join(", ") || "nothing"}`,
      ].join("\n");
    }
  }
  return undefined;
}

interface Wrong {
  element: number;
  actual: number;
  expected: Interval;
}

/** The element that is furthest outside of what it may be, in units of that. */
function worstElement(reference: Reference, expr: Expr, actual: HostArray): Wrong | undefined {
  const last = reference.steps + mostSteps.perLaunch;
  let worst: Wrong | undefined;
  let furthest = 0;
  for (const element of spread(sizeOf(expr.shape))) {
    const expected = reference.element(expr, element, mostSteps.perElement);
    if (!expected || reference.steps > last) break;
    const y = actual[element];
    const { low, high } = expected;
    const isBounded = Number.isFinite(low) && Number.isFinite(high);
    if ((y >= low && y <= high) || (Number.isNaN(y) && !isBounded)) continue;
    const outside = Math.max(low - y, y - high) / (reference.rounding.unit + high - low);
    const distance = Number.isNaN(outside) ? Infinity : outside;
    if (!worst || distance > furthest) {
      worst = { element, actual: y, expected };
      furthest = distance;
    }
  }
  return worst;
}

/** All of 0 … count − 1, the ends first and neighbors far apart. */
function* spread(count: number): Generator<number> {
  if (count > 0) yield 0;
  if (count > 1) yield count - 1;
  let stride = Math.max(1, Math.round(count * 0.618)); // the golden ratio leaves no large gap
  while (commonDivisor(stride, count) > 1) stride++;
  for (let n = 1, at = stride % count; n < count; n++, at = (at + stride) % count)
    if (at !== count - 1) yield at;
}

const commonDivisor = (a: number, b: number): number => (b === 0 ? a : commonDivisor(b, a % b));
