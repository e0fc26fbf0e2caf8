/** Plans for people and programs: what is launched, what was fused into it, what it costs, and why it ends where it does. */
import type { Boundary } from "./boundaries.ts";
import type { Pipeline } from "./runtime/pipeline.ts";

export interface ExplainedLaunch {
  /** The op that is stored, after the kernel that computes it if there is one. */
  label: string;
  /** Ops that are computed in this launch. */
  members: string[];
  /** Why its result gets a buffer instead of being computed where it is used. */
  reason: string;
  /** What it loads and stores, like `#3 f32 [700, 32]`. */
  reads: string[];
  stores: string[];
  /** Bytes that must move at least, each buffer once: those read, those written, both. */
  bytesRead: number;
  bytesWritten: number;
  bytes: number;
  /** Operations on floats; a function such as exp counts as 8. */
  flops: number;
  /** Of these, what it costs to compute values again rather than to read them. */
  flopsAgain: number;
  source: string;
  /** What was compiled for it: its program, then variants for other sizes. */
  pipelines: readonly Pipeline[];
  /** How long it took, where that was asked for and the device keeps time. */
  ms: number | null;
}

export interface ExplainOptions {
  /** Run the launches, twice, and say how long each took the second time. Default: false. */
  measure?: boolean;
}

/** Plain data besides: `JSON.stringify` keeps all of it. */
export interface Explanation {
  launches: ExplainedLaunch[];
  /** Where one launch reads what another stores, and why the two are not one. */
  boundaries: Boundary[];
  /** What was replaced by a cheaper form before launches were formed, and why that is the same. */
  rewrites: readonly string[];
  /** The sums over all launches, then some lines per launch, then one per rewrite. */
  text: string;
}
