/** An explanation as lines of text. */
import type { Explanation } from "./explanation.ts";

/** The sums, then each launch with its costs and its readers, then what was rewritten. */
export function textOf({ launches, boundaries, rewrites }: Omit<Explanation, "text">): string {
  const blocks = launches.flatMap((launch, which) => {
    const { label, members, reason, reads, stores, ms } = launch;
    const readers = boundaries.filter(({ from }) => from === which);
    return [
      `  ${which} ${label}: ${stores.join(", ")} from ${reads.join(", ") || "nothing"}`,
      `    computes ${members.join(" ") || "nothing"}; stored because: ${reason}`,
      `    ${costs([launch])}${ms === null ? "" : `; ${ms.toFixed(3)} ms`}`,
      ...readers.map(
        ({ to, value, reason: why }) => `    ${value} → ${to} ${launches[to].label}: ${why}`,
      ),
    ];
  });
  const notes = rewrites.map((note) => `  rewritten: ${note}`);
  return [`${launches.length} launches; ${costs(launches)}`, ...blocks, ...notes].join("\n");
}

type Costs = Pick<
  Explanation["launches"][number],
  "flops" | "flopsAgain" | "bytesRead" | "bytesWritten"
>;

function costs(launches: readonly Costs[]): string {
  const sum = (name: keyof Costs) => launches.reduce((total, each) => total + each[name], 0);
  const again = sum("flopsAgain");
  const flops = `${inUnits(sum("flops"))}FLOP${again > 0 ? `, ${inUnits(again)}FLOP of them again` : ""}`;
  return `${flops}; ${inUnits(sum("bytesRead"))}B read, ${inUnits(sum("bytesWritten"))}B written`;
}

/** 1234567 → "1.23 M" */
export function inUnits(count: number): string {
  const units = ["", "k", "M", "G", "T"];
  const thousands = count < 1000 ? 0 : Math.floor(Math.log10(count) / 3);
  const unit = Math.min(thousands, units.length - 1);
  const scaled = count / 1000 ** unit;
  return `${unit === 0 ? scaled : scaled.toPrecision(4)} ${units[unit]}`;
}
