import { Presets, SingleBar } from "cli-progress";
import type { CommonOptions } from "./command.ts";

const secondsBetweenLines = 5;

/** Shows how far a loop is: a bar on a terminal, else a line every few seconds. */
export function progress(
  options: CommonOptions,
  what: string,
  total: number,
): { step(): void; stop(): void } {
  if (options.quiet || total < 2) return { step() {}, stop() {} };
  if (process.stderr.isTTY && !process.env.CI) {
    const bar = new SingleBar(
      { format: `${what} [{bar}] {value}/{total} {eta_formatted}` },
      Presets.shades_classic,
    );
    bar.start(total, 0);
    return { step: () => bar.increment(), stop: () => bar.stop() };
  }
  let [done, next] = [0, Date.now() + 1000 * secondsBetweenLines];
  return {
    step() {
      done++;
      if (Date.now() < next) return;
      next = Date.now() + 1000 * secondsBetweenLines;
      console.error(`${what} ${done}/${total}`);
    },
    stop() {},
  };
}
