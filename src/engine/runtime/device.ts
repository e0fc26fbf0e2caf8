/**
 * A device runs graphs: it plans them (once per structure), finds memory, and submits all launches
 * of one `realize` together.
 */
import { type DType, type HostArray, hostArray, type Precision } from "../dtype.ts";
import { env } from "../env.ts";
import { DeviceError } from "../errors.ts";
import type { Evaluator } from "../evaluator.ts";
import { type Explanation, explainPlan } from "../explain.ts";
import { type DeviceBuffer, type Expr, type Storage, wholeOf } from "../expr.ts";
import { sizeOf } from "../shape.ts";
import type { Backend } from "./backend.ts";
import { DeviceMemory } from "./memory.ts";
import { Planner, type Prepared } from "./planner.ts";
import { recordPlan } from "./record.ts";
import { RunMemory } from "./runMemory.ts";
import { compareResults } from "./verify.ts";

/** Counted since the device was opened. */
export interface DeviceStats {
  /** Programs and kernels compiled. */
  pipelines: number;
  /** Graph structures planned. */
  plans: number;
  launches: number;
  submits: number;
  /** Memory held by tensors and by work in progress, now and at most. */
  bytesLive: number;
  bytesPeak: number;
}

/** Where the value of an output is: there before, or in new memory. */
type Result = { known: Storage } | { known: null; buffer: DeviceBuffer };

export class Device implements Evaluator {
  readonly backend: Backend;
  private readonly memory: DeviceMemory;
  private readonly planner: Planner;
  private readonly counts = { launches: 0, submits: 0 };
  private queue: Promise<unknown> = Promise.resolve();
  private closing: Promise<void> | null = null;

  constructor(backend: Backend) {
    this.backend = backend;
    this.memory = new DeviceMemory(backend, this);
    this.planner = new Planner(backend);
  }

  stats(): DeviceStats {
    const { bytesLive, bytesPeak } = this.memory;
    const { pipelines } = this.backend;
    return { pipelines, plans: this.planner.plans, ...this.counts, bytesLive, bytesPeak };
  }

  /** Computes the expressions; afterwards each has its value stored here. */
  realize(outputs: readonly Expr[]): Promise<void> {
    return this.exclusive(async () => {
      const todo = uncomputed(outputs);
      if (todo.length > 0) await this.compute(todo);
    });
  }

  /** The value of a computed expression. */
  read(expr: Expr): Promise<HostArray> {
    return this.exclusive(async () => {
      const { whole, start } = locate(expr);
      const { precision } = this.backend;
      const count = sizeOf(expr.shape);
      const host = whole.storage?.host;
      if (host) return convert(host.subarray(start, start + count), expr.dtype, precision);
      if (count === 0) return hostArray(expr.dtype, 0, precision);
      const buffer = this.memory.bufferOf(whole);
      const part = whole === expr ? buffer : this.memory.part(buffer, start, expr);
      const data = await this.backend.read(part, expr.dtype, count);
      await this.backend.check();
      return data;
    });
  }

  /** How the expressions would be computed; computes nothing. */
  explain(outputs: readonly Expr[]): Promise<Explanation> {
    return this.exclusive(async () => {
      const todo = uncomputed(outputs);
      const { nodes, compiled } = await this.planner.prepare(todo, wanted());
      return explainPlan(compiled.plan, nodes, compiled.main, this.backend.precision);
    });
  }

  /** Frees this device's copy of a value. */
  release(expr: Expr): void {
    this.memory.release(expr);
  }

  /** Refuses new work, ends what was asked for before, and frees the memory. */
  close(): Promise<void> {
    this.closing ??= this.queue.then(() => {
      this.memory.drain();
      return this.backend.close();
    });
    return this.closing;
  }

  get closed(): boolean {
    return this.closing !== null;
  }

  toString(): string {
    return `Device ${this.backend.name} (${this.backend.description})`;
  }

  /** Runs one task at a time: recording is synchronous, but compiling and reading are not. */
  private async exclusive<T>(task: () => Promise<T>): Promise<T> {
    if (this.closed)
      throw new DeviceError(`${this.backend.name}: expected an open device, got a closed one`);
    const run = this.queue.then(task);
    this.queue = run.catch(() => {});
    return run;
  }

  private async compute(outputs: readonly Expr[]): Promise<void> {
    const prepared = await this.planner.prepare(outputs, wanted());
    if (env.verify() && !prepared.compiled.isVerified) await this.verify(outputs, prepared);
    const { results, values } = await this.run(prepared);
    for (const [which, output] of outputs.entries()) {
      const result = results[which];
      output.storage = result.known
        ? this.memory.copyOf(result.known)
        : this.memory.hold(null, result.buffer);
    }
    values.freeAll(); // the outputs have their shares
  }

  /** Submits a plan. Returns where each output is; `values` holds the new ones until it is freed. */
  private async run(prepared: Prepared): Promise<{ results: Result[]; values: RunMemory }> {
    const { plan } = prepared.compiled;
    const { nodes } = prepared;
    const values = new RunMemory(plan, nodes, this.memory);
    try {
      this.submit(prepared, values);
      await this.backend.check();
    } catch (error) {
      // Any of the memory may be invalid: none of it is used again.
      values.freeAll();
      for (const node of nodes) if (node.storage?.host) this.release(node);
      this.memory.drain();
      throw error;
    }
    const results = plan.results.map((at): Result => {
      const known = nodes[at].storage;
      return known ? { known } : { known: null, buffer: values.at(at) };
    });
    return { results, values };
  }

  private submit(prepared: Prepared, values: RunMemory): void {
    const commands = recordPlan(prepared, this.memory, this.backend, values);
    if (commands.length > 0) {
      this.backend.run(commands);
      this.counts.submits++;
      this.counts.launches += commands.length;
    }
    if (env.debug() >= 1)
      console.error(`trackgrad: ${commands.length} launches, ${this.memory.bytesPeak} B peak`);
  }

  /** Runs the graph fused and unfused on the same inputs; throws where the results differ. */
  private async verify(outputs: readonly Expr[], prepared: Prepared): Promise<void> {
    const counted = { ...this.counts }; // the comparison is no work that was asked for
    const plain = await this.planner.prepare(
      outputs,
      { fuse: false, kernels: "quadratic" },
      new Map(),
    );
    const fused = await this.readAndFree(outputs, await this.run(prepared));
    const unfused = await this.readAndFree(outputs, await this.run(plain));
    Object.assign(this.counts, counted);
    const { precision, name } = this.backend;
    const problem = compareResults(fused, unfused, plain.nodes.length, precision);
    prepared.compiled.isVerified = problem === undefined;
    if (!problem) return;
    const { plan, main } = prepared.compiled;
    const { text } = explainPlan(plan, prepared.nodes, main, precision);
    throw new DeviceError(`${name}(verify): ${problem}\n${text}`);
  }

  /** The values of what a plan computed; nothing for outputs that are inputs themselves. */
  private async readAndFree(
    outputs: readonly Expr[],
    { results, values }: { results: readonly Result[]; values: RunMemory },
  ): Promise<HostArray[]> {
    const arrays: HostArray[] = [];
    for (const [which, result] of results.entries()) {
      const { dtype, shape } = outputs[which];
      const count = sizeOf(shape);
      arrays.push(
        result.known || count === 0
          ? hostArray(dtype, 0)
          : await this.backend.read(result.buffer, dtype, count),
      );
    }
    values.freeAll();
    return arrays;
  }
}

/** What holds the values of those that have none yet, each once. */
const uncomputed = (outputs: readonly Expr[]): Expr[] =>
  [...new Set(outputs.map(wholeOf))].filter((output) => !output.storage);

/** Where a value is: all of `whole`, or a piece of it from element `start` on. */
function locate(expr: Expr): { whole: Expr; start: number } {
  const whole = wholeOf(expr);
  let start = 0;
  for (let part = expr; part !== whole; [part] = part.inputs) start += part.values[0];
  return { whole, start };
}

const wanted = () => ({ fuse: env.fuse(), kernels: env.kernels() });

function convert(data: HostArray, dtype: DType, precision: Precision): HostArray {
  const copy = hostArray(dtype, data.length, precision);
  copy.set(data);
  return copy;
}
