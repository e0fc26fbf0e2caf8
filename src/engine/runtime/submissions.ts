/** Submits the commands of plans: counts them, and tells who asked by TG_DEBUG or TG_TRACE how long they took. */
import { env } from "../env.ts";
import { explainPlan } from "../explain.ts";
import type { Backend, Command } from "./backend.ts";
import type { Prepared } from "./planner.ts";
import { type Span, type Trace, traced } from "./trace.ts";

export class Submissions {
  launches = 0;
  submits = 0;
  private readonly backend: Backend;
  private readonly trace: Trace | null;
  /** Times on their way to the trace. */
  private readonly noting = new Set<Promise<void>>();

  constructor(backend: Backend, trace: Trace | null) {
    this.backend = backend;
    this.trace = trace;
  }

  /** Runs the commands of a plan; waits for them only if their times are to be printed. */
  async run(prepared: Prepared, commands: readonly Command[]): Promise<void> {
    if (commands.length === 0) return;
    this.submits++;
    for (const command of commands) this.launches += this.backend.steps?.(command).launches ?? 1;
    const isPrinted = env.debug() >= 2;
    const label = `${commands.length} launches`;
    const spans = await traced(this.trace, "submit", label, () => {
      const enqueued = isPrinted || this.trace ? this.backend.runTimed?.(commands) : undefined;
      if (!enqueued) this.backend.run(commands);
      return { enqueued };
    });
    if (!spans.enqueued) return;
    if (this.trace) this.note(spans.enqueued, commands);
    if (isPrinted) this.print(prepared, commands, await spans.enqueued);
  }

  /** Runs the commands and returns the ms that each launch of the plan took; null without a clock. */
  async measure(prepared: Prepared, commands: readonly Command[]): Promise<number[] | null> {
    const spans = await this.backend.runTimed?.(commands);
    if (!spans) return null;
    const times = prepared.compiled.plan.launches.map(() => 0);
    for (const [which, { start, end }] of spans.entries())
      times[commands[which].launch] += end - start;
    return times;
  }

  /** Waits until the trace is complete. */
  async settle(): Promise<void> {
    await Promise.all(this.noting);
  }

  private note(spans: Promise<readonly Span[]>, commands: readonly Command[]): void {
    const noted = spans.then(
      (found) => {
        for (const [which, span] of found.entries()) {
          const { executable, threads } = commands[which];
          this.trace?.add("device", executable.label, span, { threads });
        }
      },
      () => {}, // what went wrong is thrown where the results are waited for
    );
    this.noting.add(noted);
    noted.then(() => this.noting.delete(noted));
  }

  private print(
    { nodes, compiled: { plan, main } }: Prepared,
    commands: readonly Command[],
    spans: readonly Span[],
  ): void {
    const { launches } = explainPlan(plan, nodes, main, this.backend.precision);
    for (const [which, { start, end }] of spans.entries()) {
      const { executable, launch } = commands[which];
      const { stores, bytes } = launches[launch];
      const speed = (bytes / 1e6 / Math.max(end - start, 1e-6)).toFixed(1); // B/ms to GB/s
      console.error(
        `trackgrad: ${executable.label} ${stores.join(", ")} ${(end - start).toFixed(3)} ms ${speed} GB/s`,
      );
    }
  }
}
