/** What changed from one plan to another of the same graph. */
import type { ExplainedLaunch, Explanation } from "./explanation.ts";

export interface PlanDifference {
  /** Launches of the first plan that the second has no equal of, and the reverse. */
  gone: ExplainedLaunch[];
  added: ExplainedLaunch[];
  /** Of the second, minus those of the first. */
  launches: number;
  bytes: number;
  /** A line per launch, `−` gone and `+` added, then the sums. */
  text: string;
}

/**
 * Launches are equal if they read, compute and store the same values. Values are told by their numbers in
 * the plan, which shift behind a composite that only one of the plans has a kernel for.
 */
export function diffPlans(before: Explanation, after: Explanation): PlanDifference {
  const gone = without(before.launches, after.launches);
  const added = without(after.launches, before.launches);
  const launches = after.launches.length - before.launches.length;
  const bytes = bytesOf(after) - bytesOf(before);
  const text = [
    ...gone.map((launch) => `− ${line(launch)}`),
    ...added.map((launch) => `+ ${line(launch)}`),
    `${signed(launches)} launches, ${signed(bytes)} B`,
  ].join("\n");
  return { gone, added, launches, bytes, text };
}

function without(all: readonly ExplainedLaunch[], others: readonly ExplainedLaunch[]) {
  const left = others.map(identity);
  return all.filter((launch) => {
    const at = left.indexOf(identity(launch));
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}

const identity = ({ reads, stores, members }: ExplainedLaunch): string =>
  [[...reads].sort(), [...stores].sort(), [...members].sort()].join("|");

const line = ({ label, stores, members, reason }: ExplainedLaunch): string =>
  `${label}: ${stores.join(", ")}; computes ${members.join(" ")}; stored because: ${reason}`;

const bytesOf = ({ launches }: Explanation): number =>
  launches.reduce((sum, launch) => sum + launch.bytes, 0);

const signed = (n: number): string => (n < 0 ? `−${-n}` : `+${n}`);
