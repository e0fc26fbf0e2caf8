/** What each of several plans of the same graph costs: time, bytes, launches, and how far it is from the truth. */
import { DeviceError } from "../errors.ts";
import { type Expr, leaf } from "../expr.ts";
import { type PlanOptions, withPlan } from "../planning.ts";
import { listNodes } from "../structure.ts";
import { realize, type Tensor } from "../tensor.ts";
import { Device } from "./device.ts";
import { jsBackend } from "./js.ts";
import { currentDevice } from "./open.ts";

export interface AblationRow {
  plan: string;
  /** Median, from recording to the end of the work. */
  ms: number;
  launches: number;
  /** That its launches must move at least. */
  bytes: number;
  /** Greatest difference of an element from double precision, relative to the greatest element. */
  error: number;
}

export interface Ablation {
  rows: AblationRow[];
  /** The rows as a table. */
  text: string;
}

/**
 * Runs what `record` records by each of the plans, in turns, so that a slow moment of the machine meets
 * all of them. `record` makes new expressions at every call; what it reads should be realized before.
 *
 *   const { text } = await ablate(() => [layer.forward(x)], { fused: {}, unfused: { fuse: "off" } });
 */
export async function ablate(
  record: () => readonly Tensor[],
  plans: Readonly<Record<string, PlanOptions>>,
  { runs = 9 }: { runs?: number } = {},
): Promise<Ablation> {
  if (!(Number.isInteger(runs) && runs > 0))
    throw new DeviceError(`ablate(runs): expected a positive integer, got ${runs}`);
  const graph = record();
  const device = (graph.find((tensor) => tensor.device)?.device ?? currentDevice()) as Device;
  const right = await inDoublePrecision(graph, device);
  const rows: AblationRow[] = [];
  for (const [plan, options] of Object.entries(plans)) {
    const tensors = record();
    const exprs = tensors.map(({ expr }) => expr);
    const { launches } = await withPlan(options, () => device.explain(exprs));
    await withPlan(options, () => realize(tensors));
    const bytes = launches.reduce((sum, launch) => sum + launch.bytes, 0);
    const error = await furthest(tensors, right);
    for (const tensor of tensors) tensor.dispose();
    rows.push({ plan, ms: 0, launches: launches.length, bytes, error });
  }
  const times = rows.map((): number[] => []);
  for (let run = 0; run < runs; run++)
    for (const [which, { plan }] of rows.entries()) {
      const start = performance.now();
      const tensors = record();
      await withPlan(plans[plan], () => realize(tensors));
      await device.idle();
      times[which].push(performance.now() - start);
      for (const tensor of tensors) tensor.dispose();
    }
  for (const [which, row] of rows.entries())
    row.ms = times[which].sort((a, b) => a - b)[Math.floor(runs / 2)];
  return { rows, text: tableOf(rows) };
}

/** The same graph over the same values, in double precision. */
async function inDoublePrecision(tensors: readonly Tensor[], device: Device) {
  const copies = new Map<Expr, Expr>();
  const exprs = tensors.map(({ expr }) => expr);
  for (const node of listNodes(exprs)) {
    const { shape, dtype } = node;
    if (node.storage)
      copies.set(node, leaf(shape, dtype, { host: await device.read(node), buffers: new Map() }));
    else {
      const inputs = node.inputs.map((input) => copies.get(input) as Expr);
      copies.set(node, { ...node, inputs });
    }
  }
  const oracle = new Device(jsBackend("f64"));
  const outputs = exprs.map((expr) => copies.get(expr) as Expr);
  await oracle.realize(outputs);
  const values = await Promise.all(outputs.map((output) => oracle.read(output)));
  await oracle.close();
  return values;
}

async function furthest(
  tensors: readonly Tensor[],
  right: readonly ArrayLike<number>[],
): Promise<number> {
  let furthest = 0;
  for (const [which, tensor] of tensors.entries()) {
    const found = await tensor.data();
    let [difference, greatest] = [0, 0];
    for (let i = 0; i < found.length; i++) {
      difference = Math.max(difference, Math.abs(found[i] - right[which][i]));
      greatest = Math.max(greatest, Math.abs(right[which][i]));
    }
    furthest = Math.max(furthest, greatest > 0 ? difference / greatest : difference);
  }
  return furthest;
}

function tableOf(rows: readonly AblationRow[]): string {
  const lines = rows.map(
    ({ plan, ms, launches, bytes, error }) =>
      `| ${plan} | ${ms.toFixed(2)} | ${launches} | ${(bytes / 1e6).toFixed(3)} | ${error.toExponential(1)} |`,
  );
  return [
    "| plan | median ms | launches | MB | error |",
    "|---|---:|---:|---:|---:|",
    ...lines,
  ].join("\n");
}
