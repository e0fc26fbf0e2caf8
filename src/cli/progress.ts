import { Presets, SingleBar } from "cli-progress";
import type { CommonOptions } from "./command.ts";

const secondsBetweenLines = 5;

/** Shows how far a loop is: a bar on a terminal, else a line every few seconds. */
export function progress(
  options: CommonOptions,
  what: string,
  total: number,
): { step(): void; at(done: number): void; stop(): void } {
  if (options.quiet || total < 2) return { step() {}, at() {}, stop() {} };
  if (process.stderr.isTTY && !process.env.CI) {
    const bar = new SingleBar(
      { format: `${what} [{bar}] {value}/{total} {eta_formatted}` },
      Presets.shades_classic,
    );
    bar.start(total, 0);
    const at = (done: number) => bar.update(done);
    return { step: () => bar.increment(), at, stop: () => bar.stop() };
  }
  let [steps, next] = [0, Date.now() + 1000 * secondsBetweenLines];
  const at = (done: number) => {
    steps = done;
    if (Date.now() < next) return;
    next = Date.now() + 1000 * secondsBetweenLines;
    console.error(`${what} ${done}/${total}`);
  };
  return { step: () => at(steps + 1), at, stop() {} };
}
