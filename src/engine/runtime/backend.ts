import type { DType, HostArray, Precision } from "../dtype.ts";
import type { DeviceBuffer } from "../expr.ts";
import type { Dims, Kernel } from "../kernel.ts";
import type { Program } from "../program.ts";
import { type Shape, showShape } from "../shape.ts";
import type { Pipeline } from "./pipeline.ts";
import type { Span } from "./trace.ts";

/** A compiled program or kernel. */
export interface Executable {
  readonly label: string;
  /** What was compiled, for people. */
  readonly source: string;
  /** Its own, then those that sizes may call for instead: variants of a kernel. */
  readonly pipelines: readonly Pipeline[];
}

export interface Command {
  executable: Executable;
  /** Inputs in order, then outputs; none is both. */
  buffers: readonly DeviceBuffer[];
  params: readonly number[];
  /** Of the plan, which it belongs to. */
  launch: number;
  /** Memory between its steps, if it takes several; see `steps`. */
  between?: DeviceBuffer;
  /** What was compiled: a program, a kernel of these sizes, or a kernel and what finishes its results. */
  program: Program | null;
  kernel: { kernel: Kernel; dims: Dims } | null;
  /** Invocations wanted, and how many parallel axes are longer than 1 (for generated programs). */
  threads: number;
  rank: number;
}

/** What memory is for, as errors name it. */
export interface Purpose {
  /** The op that is stored, or `upload`. */
  label: string;
  dtype: DType;
  shape: Shape;
}

export const showPurpose = ({ dtype, shape }: Purpose): string => `${dtype} ${showShape(shape)}`;

export interface BackendLimits {
  /** Buffers that one launch may read. */
  inputs: number;
  bufferBytes: number;
  /** What one launch may see of a buffer at once, beginning at a multiple of `bindingAlign`. */
  bindingBytes: number;
  bindingAlign: number;
}

/** A place to compute: all that the rest of the engine knows about it. */
export interface Backend {
  readonly name: "js" | "wasm" | "webgpu";
  /** One line for people: the adapter, or how the backend computes. */
  readonly description: string;
  readonly precision: Precision;
  readonly limits: BackendLimits;
  /** Whether programs can read and write f16. */
  readonly storesF16: boolean;
  /** Lanes to split a reduction over, or 0 where one loop per result is best. */
  lanes(results: number, length: number): number;

  /** New memory, all zeros. */
  createBuffer(bytes: number, purpose: Purpose): DeviceBuffer;
  /** The same memory from byte `start` on; it is destroyed with the buffer that it is a part of. */
  slice(buffer: DeviceBuffer, start: number, bytes: number): DeviceBuffer;
  destroyBuffer(buffer: DeviceBuffer): void;
  upload(buffer: DeviceBuffer, data: HostArray, dtype: DType): void;
  /** What the buffer holds now: commands that are enqueued later do not change it. */
  read(buffer: DeviceBuffer, dtype: DType, count: number): Promise<HostArray>;

  /** Compiling the same source again returns what is there. */
  compileProgram(program: Program, label: string): Promise<Executable>;
  /** With `finish`, each result passes through that program and goes to its buffers instead of `y`. */
  compileKernel(kernel: Kernel, finish: Program | null): Promise<Executable>;
  readonly pipelines: number;

  /** Resolves when few enough submissions are under way for another one. */
  ready(): Promise<void>;
  /** How many launches a command takes, and bytes for what lies between them. Absent: one, and none. */
  steps?(command: Command): { launches: number; bytes: number };
  /** Enqueues the commands, in order, in one submission. */
  run(commands: readonly Command[]): void;
  /** As `run`, and when each command ran; absent where a device keeps no time. */
  readonly runTimed?: ((commands: readonly Command[]) => Promise<readonly Span[]>) | undefined;
  /** Resolves when nothing is under way. */
  idle(): Promise<void>;
  /** Throws what went wrong on the device since the last call. */
  check(): Promise<void>;
  close(): Promise<void>;
}
