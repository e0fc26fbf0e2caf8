/**
 * Switches read from the environment, all of them here. In a browser they come from
 * `globalThis.TG_ENV`, an object that the page may set before loading the library.
 */
const variables = (): Record<string, string | undefined> => {
  const host = globalThis as {
    process?: { env?: Record<string, string | undefined> };
    TG_ENV?: Record<string, string | undefined>;
  };
  return host.TG_ENV ?? host.process?.env ?? {};
};

export const env = {
  /** TG_BACKEND: the backend of `openDevice()` when the caller names none. */
  backend: (): string | undefined => variables().TG_BACKEND,
  /** TG_THREADS: how many threads `wasm` takes part of the work on, when the caller says nothing. */
  threads: (): string | undefined => variables().TG_THREADS || undefined,
  /** TG_RELAXED=1: `wasm` may multiply and add in one rounding, when the caller says nothing. */
  relaxed: (): boolean => variables().TG_RELAXED === "1",
  /** TG_KERNELS=0: compose every op from primitives; no hand-written kernel. */
  kernels: (): boolean => variables().TG_KERNELS !== "0",
  /** TG_FUSE=0: one launch per op. */
  fuse: (): boolean => variables().TG_FUSE !== "0",
  /** TG_VERIFY=1: look into every launch of a new plan; see verify/launches.ts. */
  verify: (): boolean => variables().TG_VERIFY === "1",
  /** TG_TRACE: the file for a timeline of what devices do. */
  trace: (): string | undefined => variables().TG_TRACE || undefined,
  /** TG_DEBUG: 1 a line per step, 2 a line per launch, 3 the plan, 4 the source. */
  debug: (): number => Number(variables().TG_DEBUG ?? 0),
};
