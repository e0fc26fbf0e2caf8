/** Plans for people: what is launched, what was fused into it, why it ends where it does, and the source. */
import { bytesPer, type Precision } from "./dtype.ts";
import type { Expr } from "./expr.ts";
import type { Plan } from "./plan.ts";
import type { Executable } from "./runtime/backend.ts";
import { showShape, sizeOf } from "./shape.ts";

export interface ExplainedLaunch {
  /** The op that is stored, after the kernel that computes it if there is one. */
  label: string;
  /** Ops that are computed in this launch. */
  members: string[];
  /** Why its result gets a buffer instead of being computed where it is used. */
  reason: string;
  /** Why no launch that reads it computes it as well; empty where none reads it, or it was not tried. */
  alone: string;
  /** What it loads and stores, like `#3 f32 [700, 32]`. */
  reads: string[];
  stores: string[];
  /** Bytes that must move at least: each buffer once. */
  bytes: number;
  source: string;
  /** How long it took, where that was asked for and the device keeps time. */
  ms: number | null;
}

export interface ExplainOptions {
  /** Run the launches, twice, and say how long each took the second time. Default: false. */
  measure?: boolean;
}

export interface Explanation {
  launches: ExplainedLaunch[];
  /** What was replaced by a cheaper form before launches were formed, and why that is the same. */
  rewrites: readonly string[];
  /** One line per launch, then one per rewrite. */
  text: string;
}

export function explainPlan(
  plan: Plan,
  nodes: readonly Expr[],
  executables: readonly Executable[],
  precision: Precision,
  times: readonly number[] | null = null,
): Explanation {
  const show = (at: number) => `#${at} ${nodes[at].dtype} ${showShape(nodes[at].shape)}`;
  const bytesOf = (at: number) => sizeOf(nodes[at].shape) * bytesPer(nodes[at].dtype, precision);
  const launches = plan.launches.map((launch, which): ExplainedLaunch => {
    const { label, inputs, outputs, reason, alone, members } = launch;
    return {
      label,
      members: members.map((at) => nodes[at].op),
      reason,
      alone,
      reads: inputs.map(show),
      stores: outputs.map(show),
      bytes: [...new Set(inputs), ...outputs].reduce((sum, at) => sum + bytesOf(at), 0),
      source: executables[which].source,
      ms: times?.[which] ?? null,
    };
  });
  const lines = launches.map(
    ({ label, members, reason, alone, reads, stores, ms }) =>
      `  ${label}: ${stores.join(", ")} from ${reads.join(", ") || "nothing"}; computes ${members.join(" ")}; stored because: ${reason}${alone && alone !== reason ? `; not joined: ${alone}` : ""}${ms === null ? "" : `; ${ms.toFixed(3)} ms`}`,
  );
  const { rewrites } = plan;
  const notes = rewrites.map((note) => `  rewritten: ${note}`);
  const text = [`${launches.length} launches`, ...lines, ...notes].join("\n");
  return { launches, rewrites, text };
}
