/**
 * A device runs graphs: it plans them (once per structure), finds memory, and submits all launches
 * of one `realize` together.
 */
import { type DType, type HostArray, hostArray, type Precision } from "../dtype.ts";
import { env } from "../env.ts";
import { DeviceError } from "../errors.ts";
import type { Evaluator } from "../evaluator.ts";
import { explainPlan } from "../explain.ts";
import type { ExplainOptions, Explanation } from "../explanation.ts";
import { type DeviceBuffer, type Expr, originOf, wholeOf } from "../expr.ts";
import { currentPlanning, type Planning } from "../planning.ts";
import { showShape, sizeOf } from "../shape.ts";
import type { Backend, Command } from "./backend.ts";
import { DeviceMemory } from "./memory.ts";
import { Pieces } from "./pieces.ts";
import { Planner, type Prepared } from "./planner.ts";
import { recordPlan } from "./record.ts";
import { RunMemory } from "./runMemory.ts";
import { Submissions } from "./submissions.ts";
import { endTrace, startTrace, type Trace, traced } from "./trace.ts";
import type { Result } from "./verification.ts";

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
    const planning = currentPlanning();
    return this.exclusive(async () => {
      const todo = uncomputed(outputs);
      if (todo.length > 0) await this.compute(todo, freed, planning);
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
    const planning = currentPlanning();
    return this.exclusive(async () => {
      const todo = uncomputed(outputs);
      const prepared = await this.planner.prepare(todo, planning);
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

  private async compute(
    outputs: readonly Expr[],
    freed: readonly Expr[],
    planning: Planning,
  ): Promise<void> {
    const prepared = await this.planner.prepare(outputs, planning);
    const { compiled } = prepared;
    const needed = freed.length > 0 ? new Set(prepared.nodes) : null;
    for (const expr of freed) if (!needed?.has(expr)) this.release(expr);
    const expected = env.verify() && !compiled.isVerified ? await this.verify(prepared) : null;
    const { results, values } = await this.run(prepared, (commands) =>
      this.submissions.run(prepared, commands),
    );
    try {
      if (expected)
        await (await verification()).checkResults(outputs, results, expected, this.backend);
    } catch (error) {
      values.freeAll();
      throw error;
    }
    compiled.isVerified ||= expected !== null;
    for (const [which, output] of outputs.entries()) {
      const result = results[which];
      output.storage = result.known
        ? this.memory.copyOf(result.known, originOf(output))
        : this.memory.hold(null, result.buffer, originOf(output));
    }
    values.freeAll(); // the outputs have their shares
  }

  /** Submits a plan. Returns where each output is; `values` holds the new ones until it is freed. */
  private async run(
    prepared: Prepared,
    submit: (commands: readonly Command[]) => Promise<void> | void,
  ): Promise<{ results: Result[]; values: RunMemory }> {
    const { plan } = prepared.compiled;
    const { nodes } = prepared;
    await this.backend.ready();
    const values = new RunMemory(plan, nodes, this.memory);
    try {
      const { commands, between } = await this.commandsOf(prepared, values);
      await submit(commands);
      if (between) this.memory.give(between);
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

  /** What is to be submitted; steps of one command share their memory with those of the others. */
  private async commandsOf(
    prepared: Prepared,
    values: RunMemory,
  ): Promise<{ commands: readonly Command[]; between: DeviceBuffer | null }> {
    const commands = await this.pieces.cut(this.record(prepared, values));
    const needed = commands.map((command) => this.backend.steps?.(command).bytes ?? 0);
    const bytes = needed.reduce((most, each) => Math.max(most, each), 0);
    if (bytes === 0) return { commands, between: null };
    const between = this.memory.take({ label: "sums in parts", dtype: "f32", shape: [bytes / 4] });
    return { commands: commands.map((command) => ({ ...command, between })), between };
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
    const { commands, between } = await this.commandsOf(prepared, values);
    values.freeAll();
    if (between) this.memory.give(between);
    await this.submissions.measure(prepared, commands); // what a first run costs is not meant
    const times = await this.submissions.measure(prepared, commands);
    await this.backend.check();
    return times;
  }

  /** Runs a plan keeping all that it stores, and looks into each launch. Returns the outputs' values. */
  private async verify(prepared: Prepared): Promise<(HostArray | null)[]> {
    // no work that was asked for: it is neither counted nor traced
    const run = (commands: readonly Command[]) => this.backend.run(commands);
    const { checkLaunches, keepingAll } = await verification();
    const { values } = await this.run(keepingAll(prepared), run);
    try {
      return await checkLaunches(prepared, values, this.backend);
    } finally {
      values.freeAll();
    }
  }
}

/** Loaded where it is used: `TG_VERIFY` is for those who work on the engine. */
const verification = () => import("./verification.ts");

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

function convert(data: HostArray, dtype: DType, precision: Precision): HostArray {
  const copy = hostArray(dtype, data.length, precision);
  copy.set(data);
  return copy;
}
