/** From a compiled plan and the sizes at hand to the commands that a backend runs. */
import type { DeviceBuffer, Expr } from "../expr.ts";
import { kernelParams, unreadParts } from "../kernelLaunch.ts";
import { ownerOf } from "../place.ts";
import type { Launch, SplitLaunch } from "../plan.ts";
import type { Program } from "../program.ts";
import { mergeAxes } from "../region.ts";
import { sizeOf } from "../shape.ts";
import type { Backend, Command, Executable } from "./backend.ts";
import type { DeviceMemory } from "./memory.ts";
import type { Prepared } from "./planner.ts";
import type { RunMemory } from "./runMemory.ts";

/** Where values are. */
interface Places {
  nodes: readonly Expr[];
  memory: DeviceMemory;
  values: RunMemory;
}

/**
 * The commands of a plan, in order. `values` knows then where its results are; memory that is not
 * read again is free for the next launch.
 */
export function recordPlan(
  { nodes, compiled: { plan, main, split, lastUse } }: Prepared,
  memory: DeviceMemory,
  backend: Backend,
  values: RunMemory,
): Command[] {
  const commands: Command[] = [];
  // Uploads come before all launches, so they must not take memory that becomes free in between.
  for (const { inputs } of plan.launches) for (const at of inputs) values.upload(at);
  for (const [step, launch] of plan.launches.entries()) {
    const inputs = launch.inputs.map((at) => values.at(at));
    const scratch = unreadParts(launch, nodes).map((part) => memory.takeFor(part, launch.label));
    const unread = scratch.values();
    const targets = launch.writes.map((at) =>
      at === null ? (unread.next().value as DeviceBuffer) : values.claim(at, launch.label),
    );
    if (launch.into)
      targets[0] = memory.part(targets[0], launch.into.start(nodes), nodes[launch.inputs[0]]);
    const push = (made: Unplaced) => commands.push({ ...made, launch: step });
    const lanes = lanesFor(launch, nodes, backend);
    if (launch.split && split[step] && lanes > 1)
      splitCommands(launch.split, split[step], lanes, { nodes, memory, values }).forEach(push);
    else push(command(launch, main[step], [...inputs, ...targets], nodes));
    for (const buffer of scratch) memory.give(buffer);
    for (const at of [...launch.inputs, ...launch.outputs]) {
      const owner = ownerOf(plan.aliases, at);
      if (lastUse.get(owner) === step) values.free(owner);
    }
  }
  return commands.filter(({ threads }) => threads > 0);
}

/** A command that does not know of which launch it is. */
type Unplaced = Omit<Command, "launch">;

function lanesFor({ split }: Launch, nodes: readonly Expr[], backend: Backend): number {
  if (!split) return 1;
  const node = nodes[split.sums[0]];
  const results = sizeOf(node.shape);
  const length = results === 0 ? 0 : sizeOf(node.inputs[0].shape) / results;
  return Math.max(1, backend.lanes(results, length));
}

/** The two launches of a walk over lanes. */
function splitCommands(
  { main, combine, sums }: SplitLaunch,
  executables: { main: Executable; combine: Executable },
  lanes: number,
  { nodes, memory, values }: Places,
): Unplaced[] {
  const partials = sums.map((at) => {
    const { dtype, shape } = nodes[at];
    return memory.take({ label: "lanes", dtype, shape: [lanes, ...shape] });
  });
  const [read, written] = [main.inputs, main.outputs].map((list) =>
    list.map((at) => values.at(at)),
  );
  const results = [...combine.inputs, ...combine.outputs].map((at) => values.at(at));
  for (const partial of partials) memory.give(partial);
  return [
    programCommand(
      main.program,
      executables.main,
      [...read, ...written, ...partials],
      nodes,
      lanes,
    ),
    programCommand(combine.program, executables.combine, [...partials, ...results], nodes, lanes),
  ];
}

function command(
  launch: Launch,
  executable: Executable,
  buffers: readonly DeviceBuffer[],
  nodes: readonly Expr[],
): Unplaced {
  const { kernel, program } = launch;
  const finish = program && programCommand(program, executable, buffers, nodes, 1);
  if (!kernel) return finish as Unplaced;
  const node = nodes[kernel.at];
  const shapes = node.inputs.map((input) => input.shape);
  const { params, dims } = kernelParams(kernel.kernel, shapes, node);
  const threads = sizeOf(node.shape) === 0 ? 0 : kernel.kernel.threads(dims);
  const all = [...params, ...(finish?.params ?? [])];
  const rank = finish?.rank ?? 1;
  const made = { kernel: kernel.kernel, dims };
  return { executable, buffers, params: all, threads, rank, program, kernel: made };
}

function programCommand(
  program: Program,
  executable: Executable,
  buffers: readonly DeviceBuffer[],
  nodes: readonly Expr[],
  lanes: number,
): Unplaced {
  const params = program.params.map((param) => param.value(nodes, lanes));
  if (program.grid) mergeAxes(program.grid, params);
  const sizes = program.extents.map((which) => params[which]);
  const leading = sizes.findIndex((size) => size !== 1);
  const rank = leading < 0 ? 1 : sizes.length - leading;
  return { executable, buffers, params, threads: sizeOf(sizes), rank, program, kernel: null };
}
