/** What fusion works out, and what it may be told: which values have a buffer, and what each launch computes. */
import type { Expr } from "./expr.ts";
import type { Walk } from "./walk.ts";

export interface FuseOptions {
  /** Buffers that one launch may read. */
  maxInputs: number;
  /** False: one launch per op. */
  fuse: boolean;
  /** Values that a person wants computed where they are used, or stored by a launch of their own. */
  force: ReadonlySet<Expr>;
  forbid: ReadonlySet<Expr>;
}

/** The regions that compute a node, each with the ways through views by which it gets there. */
export type Users = Map<Expr, Set<number>>;

/** Which values have a buffer, who reads them, and what each launch would load. */
export interface Fusion {
  stored: ReadonlyMap<Expr, string>;
  wanted: ReadonlyMap<Expr, string>;
  /** Read in pieces: at places that no launch which computes it may look at. */
  pieced: ReadonlySet<Expr>;
  users: ReadonlyMap<Expr, Users>;
  reads: ReadonlyMap<Expr, ReadonlySet<Expr>>;
  /** Why the launch of a reader does not compute a stored value. */
  refusals: Map<Expr, string>;
}

/** What one launch computes. */
export interface Group {
  /** Expressions that it stores, all of one shape; the first decides the loops. */
  roots: readonly Expr[];
  /** What is computed with them and read by nothing else, operands first: it needs no buffer. */
  inner: readonly Expr[];
  /** How the launch goes over what it reduces, if it does. */
  walk: Walk | null;
  /** Further results of the kernel that somebody reads. */
  parts: readonly Expr[];
  /** The kernel whose results it finishes, if any. */
  kernel: Expr | null;
  /** Why its first result is stored. */
  reason: string;
  /** By stored value that it reads: why the launch that stores it is another. */
  apart: ReadonlyMap<Expr, string>;
}

/** Why a launch cannot take in another: each buffer that it reads or writes needs a binding. */
export const tooManyBuffers = (wanted: number, most: number, { op }: Expr): string =>
  `the launch of ${op} would need ${wanted} buffers, ${most} at most`;
