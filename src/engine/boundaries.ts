/** Where one launch of a plan reads what another stores, and why the two are not one. */
import type { Expr } from "./expr.ts";
import type { Launch, Plan } from "./plan.ts";
import { showShape, sizeOf } from "./shape.ts";

export interface Boundary {
  /** Places in `launches`: of the one that stores the value, and of the one that reads it. */
  from: number;
  to: number;
  /** Like `#3 f32 [700, 32]`. */
  value: string;
  /** Why the second launch does not compute it in its own loops. */
  reason: string;
}

/** Elements of the buffer of the value at `owner`. */
interface Range {
  owner: number;
  start: number;
  end: number;
}

export function boundariesOf({ launches, aliases }: Plan, nodes: readonly Expr[]): Boundary[] {
  const rangeOf = (at: number): Range => {
    const alias = aliases.get(at);
    const { owner, start } = alias ? rangeOf(alias.of) : { owner: at, start: 0 };
    const first = start + (alias?.start(nodes) ?? 0);
    return { owner, start: first, end: first + sizeOf(nodes[at].shape) };
  };
  const written = ({ inputs: [copied], outputs, into }: Launch): Range[] => {
    if (!into) return outputs.map(rangeOf);
    const { owner, start } = rangeOf(into.of);
    const first = start + into.start(nodes);
    return [{ owner, start: first, end: first + sizeOf(nodes[copied].shape) }];
  };
  const ranges = launches.map(written);
  return launches.flatMap(({ inputs, apart }, to) =>
    [...new Set(inputs)].flatMap((at) => {
      const range = rangeOf(at);
      const { dtype, shape } = nodes[at];
      const value = `#${at} ${dtype} ${showShape(shape)}`;
      const reason = apart.get(at) ?? apart.get(range.owner) ?? "";
      const isRead = (each: Range[]) => each.some((other) => overlap(range, other));
      const producers = [...ranges.slice(0, to).entries()].filter(([, each]) => isRead(each));
      return producers.map(([from]) => ({ from, to, value, reason }));
    }),
  );
}

const overlap = (a: Range, b: Range): boolean =>
  a.owner === b.owner && a.start < b.end && b.start < a.end;
