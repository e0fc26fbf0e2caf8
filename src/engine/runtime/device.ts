/**
 * A device runs graphs: it plans them (once per structure), finds memory, and submits all launches
 * of one `realize` together.
 */
import { type DType, type HostArray, hostArray, type Precision } from "../dtype.ts";
import { env } from "../env.ts";
import { DeviceError } from "../errors.ts";
import type { Evaluator } from "../evaluator.ts";
import { type ExplainOptions, type Explanation, explainPlan } from "../explain.ts";
import { type DeviceBuffer, type Expr, originOf, type Storage, wholeOf } from "../expr.ts";
import { showShape, sizeOf } from "../shape.ts";
import type { Backend, Command } from "./backend.ts";
import { DeviceMemory } from "./memory.ts";
import { Pieces } from "./pieces.ts";
import { Planner, type Prepared } from "./planner.ts";
import { recordPlan } from "./record.ts";
import { RunMemory } from "./runMemory.ts";
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

/** Where the value of an output is: there before, or in new memory. */
type Result = { known: Storage } | { known: null; buffer: DeviceBuffer };

export class Device implements Evaluator {
  readonly backend: Backend;
  private readonly memory: DeviceMemory;
  private readonly planner: Planner;
  private readonly pieces: Pieces;
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
    this.pieces = new Pieces(backend);
    this.submissions = new Submissions(backend, this.trace);
  }

  stats(): DeviceStats {
    const { bytesLive, bytesPeak } = this.memory;
    const { launches, submits } = this.submissions;
    const { pipelines } = this.backend;
    return { pipelines, plans: this.planner.plans, launches, submits, bytesLive, bytesPeak };
  }

  /**
   * Computes the expressions; afterwards each has its value stored here. Frees others: before, or
   * after where they are needed.
   */
  realize(outputs: readonly Expr[], freed: readonly Expr[] = []): Promise<void> {
    return this.exclusive(async () => {
      const todo = uncomputed(outputs);
      if (todo.length > 0) await this.compute(todo, freed);
      for (const expr of freed) this.release(expr);
    });
  }

  /** The value of a computed expression. */
  async read(expr: Expr): Promise<HostArray> {
    // only the request takes its turn: what comes next is recorded while the value is on its way
    const { value } = await this.exclusive(async () => ({ value: this.request(expr) }));
    return value;
  }

  private request(expr: Expr): Promise<HostArray> {
    const { dtype, shape } = expr;
    const { precision } = this.backend;
    const { whole, start } = locate(expr);
    const count = sizeOf(shape);
    const host = whole.storage?.host;
    if (host)
      return Promise.resolve(convert(host.subarray(start, start + count), dtype, precision));
    if (count === 0) return Promise.resolve(hostArray(dtype, 0, precision));
    const buffer = this.memory.bufferOf(whole);
    const part = whole === expr ? buffer : this.memory.part(buffer, start, expr);
    const value = traced(this.trace, "read", `${dtype} ${showShape(shape)}`, () =>
      this.backend.read(part, dtype, count),
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
      const todo = uncomputed(outputs);
      const prepared = await this.planner.prepare(todo, wanted());
      const { nodes, compiled } = prepared;
      const times = measure ? await this.measure(prepared) : null;
      return explainPlan(compiled.plan, nodes, compiled.main, this.backend.precision, times);
    });
  }

  /** Resolves when all that was asked for before is done: what to wait for when taking times. */
  idle(): Promise<void> {
    return this.exclusive(async () => {
      await this.backend.idle();
      await this.backend.check();
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

  private async compute(outputs: readonly Expr[], freed: readonly Expr[]): Promise<void> {
    const prepared = await this.planner.prepare(outputs, wanted());
    const needed = freed.length > 0 ? new Set(prepared.nodes) : null;
    for (const expr of freed) if (!needed?.has(expr)) this.release(expr);
    if (env.verify() && !prepared.compiled.isVerified) await this.verify(outputs, prepared);
    const { results, values } = await this.run(prepared);
    for (const [which, output] of outputs.entries()) {
      const result = results[which];
      output.storage = result.known
        ? this.memory.copyOf(result.known, originOf(output))
        : this.memory.hold(null, result.buffer, originOf(output));
    }
    values.freeAll(); // the outputs have their shares
  }

  /** Submits a plan. Returns where each output is; `values` holds the new ones until it is freed. */
  private async run(prepared: Prepared): Promise<{ results: Result[]; values: RunMemory }> {
    const { plan } = prepared.compiled;
    const { nodes } = prepared;
    await this.backend.ready();
    const values = new RunMemory(plan, nodes, this.memory);
    try {
      const commands = await this.pieces.cut(this.record(prepared, values));
      await this.submissions.run(prepared, commands);
      await this.backend.check();
      this.memory.trim();
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

  private record(prepared: Prepared, values: RunMemory): Command[] {
    const commands = recordPlan(prepared, this.memory, this.backend, values);
    if (env.debug() >= 1)
      console.error(`trackgrad: ${commands.length} launches, ${this.memory.bytesPeak} B peak`);
    return commands;
  }

  /** The ms that each launch takes; the results are thrown away. */
  private async measure(prepared: Prepared): Promise<number[] | null> {
    const { plan } = prepared.compiled;
    const values = new RunMemory(plan, prepared.nodes, this.memory);
    const commands = await this.pieces.cut(this.record(prepared, values));
    values.freeAll();
    await this.submissions.measure(prepared, commands); // what a first run costs is not meant
    const times = await this.submissions.measure(prepared, commands);
    await this.backend.check();
    return times;
  }

  /** Runs the graph fused and unfused on the same inputs; throws where the results differ. */
  private async verify(outputs: readonly Expr[], prepared: Prepared): Promise<void> {
    const { launches, submits } = this.submissions; // the comparison is no work that was asked for
    const ways = { fuse: false, kernels: "quadratic" } as const;
    const plain = await this.planner.prepare(outputs, ways, null);
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
