/** Explains plans: see explanation.ts for what is said. */
import { boundariesOf } from "./boundaries.ts";
import { bytesPer, type Precision } from "./dtype.ts";
import { textOf } from "./explainText.ts";
import type { ExplainedLaunch, Explanation } from "./explanation.ts";
import type { Expr } from "./expr.ts";
import { countOperations } from "./operations.ts";
import type { Plan } from "./plan.ts";
import type { Executable } from "./runtime/backend.ts";
import { showShape, sizeOf } from "./shape.ts";

export function explainPlan(
  plan: Plan,
  nodes: readonly Expr[],
  executables: readonly Executable[],
  precision: Precision,
  times: readonly number[] | null = null,
): Explanation {
  const show = (at: number) => `#${at} ${nodes[at].dtype} ${showShape(nodes[at].shape)}`;
  const bytesOf = (positions: Iterable<number>) =>
    [...positions].reduce(
      (sum, at) => sum + sizeOf(nodes[at].shape) * bytesPer(nodes[at].dtype, precision),
      0,
    );
  const operations = countOperations(plan.launches, nodes);
  const launches = plan.launches.map((launch, which): ExplainedLaunch => {
    const { label, inputs, outputs, reason, members, into } = launch;
    const bytesRead = bytesOf(new Set(inputs));
    const bytesWritten = into ? bytesRead : bytesOf(outputs);
    return {
      label,
      members: members.map((at) => nodes[at].op),
      reason,
      reads: inputs.map(show),
      stores: outputs.map(show),
      ...{ bytesRead, bytesWritten, bytes: bytesRead + bytesWritten },
      flops: operations[which].flops,
      flopsAgain: operations[which].again,
      source: executables[which].source,
      pipelines: executables[which].pipelines,
      ms: times?.[which] ?? null,
    };
  });
  const explained = {
    launches,
    boundaries: boundariesOf(plan, nodes),
    rewrites: plan.rewrites,
  };
  return { ...explained, text: textOf(explained) };
}
