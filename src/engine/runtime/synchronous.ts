/** What backends share that compute on this thread: a command is done when `run` returns. */
import type { Backend, Command } from "./backend.ts";

type Synchronous = Pick<Backend, "run" | "ready" | "idle" | "check" | "close"> &
  Required<Pick<Backend, "runTimed">>;

export function synchronous(runOne: (command: Command) => void): Synchronous {
  const done = () => Promise.resolve();
  return {
    run: (commands) => commands.forEach(runOne),
    runTimed: (commands) =>
      Promise.resolve(
        commands.map((command) => {
          const start = performance.now();
          runOne(command);
          return { start, end: performance.now() };
        }),
      ),
    ready: done,
    idle: done,
    check: done,
    close: done,
  };
}
