/** Checks of a run: each launch stores what it means, and memory is not used again too early. */
import { type HostArray, hostArray } from "../dtype.ts";
import { DeviceError } from "../errors.ts";
import type { DeviceBuffer, Expr, Storage } from "../expr.ts";
import { sizeOf } from "../shape.ts";
import { findWrongLaunch, roundingOf } from "../verify/launches.ts";
import type { Backend } from "./backend.ts";
import type { Prepared } from "./planner.ts";
import type { RunMemory } from "./runMemory.ts";

/** Where the value of an output is: there before, or in new memory. */
export type Result = { known: Storage } | { known: null; buffer: DeviceBuffer };

/** A plan that keeps all that it stores to the end of its run. */
export const keepingAll = ({ nodes, compiled }: Prepared): Prepared => ({
  nodes,
  compiled: { ...compiled, lastUse: new Map() },
});

/**
 * Looks into each launch of a run that kept all values. Returns the outputs' values; null for outputs
 * that are inputs themselves.
 */
export async function checkLaunches(
  { nodes, compiled: { plan } }: Prepared,
  memory: RunMemory,
  backend: Backend,
): Promise<(HostArray | null)[]> {
  const positions = plan.launches.flatMap(({ inputs, outputs }) => [...inputs, ...outputs]);
  const values = new Map<number, HostArray>();
  for (const at of new Set(positions))
    values.set(at, await readAll(backend, memory.at(at), nodes[at]));
  const { name, precision } = backend;
  const problem = findWrongLaunch(
    plan.launches,
    nodes,
    values,
    roundingOf(precision, name !== "js"),
  );
  if (problem) throw new DeviceError(`${name}(verify): ${problem}`);
  return plan.results.map((at) => (nodes[at].storage ? null : (values.get(at) as HostArray)));
}

/** A plan gives the same bits whether or not memory is used again: throws where it does not. */
export async function checkResults(
  outputs: readonly Expr[],
  results: readonly Result[],
  expected: readonly (HostArray | null)[],
  backend: Backend,
): Promise<void> {
  for (const [which, result] of results.entries()) {
    const wanted = expected[which];
    if (result.known || !wanted) continue;
    const data = await readAll(backend, result.buffer, outputs[which]);
    const at = data.findIndex((x, i) => !Object.is(x, wanted[i]));
    if (at >= 0)
      throw new DeviceError(
        `${backend.name}(verify): expected output ${which} to be ${wanted[at]} at element ${at}, as without reuse of memory, got ${data[at]}`,
      );
  }
}

async function readAll(
  backend: Backend,
  buffer: DeviceBuffer,
  { dtype, shape }: Expr,
): Promise<HostArray> {
  const count = sizeOf(shape);
  return count === 0 ? hostArray(dtype, 0, backend.precision) : backend.read(buffer, dtype, count);
}
