/** What backends share that compute on this thread, or lead others from here: one command after the other. */
import type { Backend, Command } from "./backend.ts";
import type { Span } from "./trace.ts";

type InOrder = Pick<Backend, "run" | "ready" | "idle" | "check" | "close"> &
  Required<Pick<Backend, "runTimed">>;

/** `runOne` has done its command when it returns, or when its promise resolves. */
export function inOrder(runOne: (command: Command) => Promise<void> | undefined): InOrder {
  let underWay: Promise<unknown> = Promise.resolve();
  let failure: { error: unknown } | null = null;

  const runAll = async (commands: readonly Command[]): Promise<Span[]> => {
    const spans: Span[] = [];
    for (const command of commands) {
      const start = performance.now();
      const pending = runOne(command);
      if (pending) await pending; // a promise for nothing would cost a turn
      spans.push({ start, end: performance.now() });
    }
    return spans;
  };
  const begin = (commands: readonly Command[]): Promise<readonly Span[]> => {
    const spans = runAll(commands);
    underWay = spans.catch((error) => {
      failure ??= { error };
    });
    return spans;
  };
  const idle = async () => {
    await underWay;
  };

  return {
    run: (commands) => void begin(commands).catch(() => {}), // check() says so
    runTimed: begin,
    ready: idle,
    idle,
    async check() {
      await underWay;
      const found = failure;
      failure = null;
      if (found) throw found.error;
    },
    close: idle,
  };
}
