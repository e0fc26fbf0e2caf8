/**
 * A device runs graphs: it plans them (once per structure), finds memory, and submits all launches
 * of one `realize` together.
 */
import { type DType, type HostArray, hostArray, type Precision } from "../dtype.ts";
import { env } from "../env.ts";
import { DeviceError } from "../errors.ts";
import type { Evaluator } from "../evaluator.ts";
import { type ExplainOptions, type Explanation, explainPlan } from "../explain.ts";
import type { DeviceBuffer, Expr } from "../expr.ts";
import { showShape, sizeOf } from "../shape.ts";
import type { Backend, Command } from "./backend.ts";
import { DeviceMemory } from "./memory.ts";
import { Planner, type Prepared } from "./planner.ts";
import { recordPlan } from "./record.ts";
import { Submissions } from "./submissions.ts";
import { endTrace, startTrace, type Trace, traced } from "./trace.ts";
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

/** Where the value of an output is: of which node, and in what buffer if it is new. */
interface Result {
  node: Expr;
  buffer: DeviceBuffer | undefined;
}

export class Device implements Evaluator {
  readonly backend: Backend;
  private readonly memory: DeviceMemory;
  private readonly planner: Planner;
  private readonly submissions: Submissions;
  private readonly trace: Trace | null;
  private queue: Promise<unknown> = Promise.resolve();
  /** Values on their way to the host. */
  private readonly reading = new Set<Promise<unknown>>();
  private closing: Promise<void> | null = null;

  constructor(backend: Backend) {
    this.backend = backend;
    this.memory = new DeviceMemory(backend, this);
    this.trace = startTrace(`${backend.name}: ${backend.description}`);
    this.planner = new Planner(backend, this.trace);
    this.submissions = new Submissions(backend, this.trace);
  }

  stats(): DeviceStats {
    const { bytesLive, bytesPeak } = this.memory;
    const { launches, submits } = this.submissions;
    const { pipelines } = this.backend;
    return { pipelines, plans: this.planner.plans, launches, submits, bytesLive, bytesPeak };
  }

  /** Computes the expressions; afterwards each has its value stored here. */
  realize(outputs: readonly Expr[]): Promise<void> {
    return this.exclusive(async () => {
      const todo = outputs.filter((output) => !output.storage);
      if (todo.length > 0) await this.compute(todo);
    });
  }

  /** The value of a computed expression. */
  async read(expr: Expr): Promise<HostArray> {
    // only the request takes its turn: what comes next is recorded while the value is on its way
    const { value } = await this.exclusive(async () => ({ value: this.request(expr) }));
    return value;
  }

  private request(expr: Expr): Promise<HostArray> {
    const { precision } = this.backend;
    const host = expr.storage?.host;
    if (host) return Promise.resolve(convert(host, expr.dtype, precision));
    const count = sizeOf(expr.shape);
    if (count === 0) return Promise.resolve(hostArray(expr.dtype, 0, precision));
    const buffer = this.memory.bufferOf(expr);
    const value = traced(this.trace, "read", `${expr.dtype} ${showShape(expr.shape)}`, () =>
      this.backend.read(buffer, expr.dtype, count),
    );
    const ended = value.catch(() => {}); // the error is for who asked
    this.reading.add(ended);
    ended.then(() => this.reading.delete(ended));
    return value;
  }

  /** How the expressions would be computed. Computes nothing unless it is to measure the launches. */
  explain(
    outputs: readonly Expr[],
    { measure = false }: ExplainOptions = {},
  ): Promise<Explanation> {
    return this.exclusive(async () => {
      const todo = outputs.filter((output) => !output.storage);
      const prepared = await this.planner.prepare(todo, wanted());
      const { nodes, compiled } = prepared;
      const times = measure ? await this.measure(prepared) : null;
      return explainPlan(compiled.plan, nodes, compiled.main, this.backend.precision, times);
    });
  }

  /** Frees this device's copy of a value. */
  release(expr: Expr): void {
    this.memory.release(expr);
  }

  /** Refuses new work, ends what was asked for before, and frees the memory. */
  close(): Promise<void> {
    this.closing ??= this.queue.then(async () => {
      await Promise.all(this.reading);
      await this.submissions.settle();
      this.memory.drain();
      await this.backend.close();
      endTrace(this.trace);
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
    const results = await this.run(prepared);
    for (const [which, output] of outputs.entries()) {
      const { node, buffer } = results[which];
      if (!node.storage && buffer) this.memory.adopt(node, buffer);
      output.storage = node.storage;
    }
  }

  /** Submits a plan. Returns where each output is. */
  private async run(prepared: Prepared): Promise<Result[]> {
    const { nodes, compiled } = prepared;
    const buffers = new Map<number, DeviceBuffer>(); // of what the plan stored, by position
    await this.backend.ready();
    try {
      await this.submissions.run(prepared, this.record(prepared, buffers));
      await this.backend.check();
    } catch (error) {
      // Any of the memory may be invalid: none of it is used again.
      for (const buffer of buffers.values()) this.memory.give(buffer);
      for (const node of nodes) if (node.storage?.host) this.release(node);
      this.memory.drain();
      throw error;
    }
    return compiled.plan.results.map((at) => ({ node: nodes[at], buffer: buffers.get(at) }));
  }

  private record(prepared: Prepared, buffers: Map<number, DeviceBuffer>): Command[] {
    const commands = recordPlan(prepared, this.memory, this.backend, buffers);
    if (env.debug() >= 1)
      console.error(`trackgrad: ${commands.length} launches, ${this.memory.bytesPeak} B peak`);
    return commands;
  }

  /** The ms that each launch takes; the results are thrown away. */
  private async measure(prepared: Prepared): Promise<number[] | null> {
    const buffers = new Map<number, DeviceBuffer>();
    const commands = this.record(prepared, buffers);
    for (const buffer of buffers.values()) this.memory.give(buffer);
    await this.submissions.measure(prepared, commands); // what a first run costs is not meant
    const times = await this.submissions.measure(prepared, commands);
    await this.backend.check();
    return times;
  }

  /** Runs the graph fused and unfused on the same inputs; throws where the results differ. */
  private async verify(outputs: readonly Expr[], prepared: Prepared): Promise<void> {
    const { launches, submits } = this.submissions; // the comparison is no work that was asked for
    const plain = await this.planner.prepare(outputs, { fuse: false, kernels: false }, null);
    const fused = await this.readAndFree(outputs, await this.run(prepared));
    const unfused = await this.readAndFree(outputs, await this.run(plain));
    Object.assign(this.submissions, { launches, submits });
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
    results: readonly Result[],
  ): Promise<HostArray[]> {
    const arrays: HostArray[] = [];
    for (const [which, { buffer }] of results.entries()) {
      const { dtype, shape } = outputs[which];
      const count = buffer ? sizeOf(shape) : 0;
      arrays.push(
        buffer && count > 0 ? await this.backend.read(buffer, dtype, count) : hostArray(dtype, 0),
      );
    }
    for (const buffer of new Set(results.map(({ buffer }) => buffer)))
      if (buffer) this.memory.give(buffer);
    return arrays;
  }
}

const wanted = () => ({ fuse: env.fuse(), kernels: env.kernels() });

function convert(data: HostArray, dtype: DType, precision: Precision): HostArray {
  const copy = hostArray(dtype, data.length, precision);
  copy.set(data);
  return copy;
}
