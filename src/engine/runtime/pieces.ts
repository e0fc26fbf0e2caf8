/**
 * Launches on buffers larger than a device binds at once, cut into launches on parts of them: programs
 * by ranges of invocations, kernels along the axes that they name.
 */
import { bytesPer, type DType } from "../dtype.ts";
import { OutOfMemoryError } from "../errors.ts";
import type { DeviceBuffer } from "../expr.ts";
import { axisNames, type Dims, type Operand, pitchOf } from "../kernel.ts";
import type { Program } from "../program.ts";
import { touched } from "../ranges.ts";
import { shifted } from "../shift.ts";
import type { Backend, Command, Executable } from "./backend.ts";

const mostPieces = 2 ** 16;

/** The bytes of a buffer that a piece sees: from `start` to before `end`. */
interface Window {
  start: number;
  end: number;
}

export class Pieces {
  private readonly backend: Backend;
  private readonly compiled = new WeakMap<Program, Promise<Executable>>();

  constructor(backend: Backend) {
    this.backend = backend;
  }

  /** The commands, those in place of others whose buffers do not fit into their bindings. */
  async cut(commands: readonly Command[]): Promise<readonly Command[]> {
    const isLarge = ({ buffers }: Command) => buffers.some((buffer) => !this.fits(buffer));
    if (!commands.some(isLarge)) return commands;
    const cut: Command[] = [];
    for (const command of commands) {
      if (!isLarge(command)) cut.push(command);
      else cut.push(...(await this.piecesOf(command)));
    }
    return cut;
  }

  /** Smaller and smaller pieces, until what each touches can be bound. */
  private async piecesOf(command: Command): Promise<Command[]> {
    const { program } = command;
    const executable = program ? await this.shiftedExecutable(program, command) : null;
    const ways = command.kernel ? this.kernelAxes(command) : [null];
    for (const axis of ways) {
      const size = axis === null ? command.threads : (command.kernel?.dims[axis] as number);
      const step = axis === null ? 1 : this.alignedStep(command, axis);
      for (let count = 2; count <= mostPieces && count < 2 * size; count *= 2) {
        const length = Math.ceil(size / count / step) * step;
        const pieces: Command[] = [];
        for (let first = 0; first < size; first += length) {
          const end = Math.min(size, first + length);
          const piece =
            axis === null
              ? this.programPiece(command, first, end)
              : this.kernelPiece(command, axis, first, end);
          if (!piece) break;
          pieces.push(executable ? { ...piece, executable } : piece);
          if (end === size) return pieces;
        }
      }
    }
    const { bindingBytes } = this.backend.limits;
    const bytes = Math.max(...command.buffers.map((buffer) => buffer.bytes));
    throw new OutOfMemoryError(
      `${this.backend.name}(${command.executable.label}): expected to bind at most ${bindingBytes} B of a buffer at once, got one of ${bytes} B that this launch cannot be cut for`,
    );
  }

  /** Invocations `first` to before `end` of a program; null if they touch too much. */
  private programPiece(command: Command, first: number, end: number): Command | null {
    const { buffers, params } = command;
    const program = command.program as Program;
    const windows = this.windowsOf(program, buffers, params, first, end);
    const bound = this.bind(buffers, windows);
    if (!bound) return null;
    const added = [first, ...this.bases(program, windows)];
    return { ...command, buffers: bound, params: [...params, ...added], threads: end - first };
  }

  /** Places `first` to before `end` of an axis of a kernel; null if they touch too much. */
  private kernelPiece(command: Command, axis: string, first: number, end: number): Command | null {
    const { buffers, params, program } = command;
    const { kernel, dims } = command.kernel as NonNullable<Command["kernel"]>;
    const { operands, result, parts } = kernel;
    const sizes = axisNames(kernel).length + (kernel.numbers?.length ?? 0);
    const place = (operand: Operand, buffer: DeviceBuffer): Window => {
      const pitch = pitchOf(operand, axis, dims) ?? { step: 0, more: 0 };
      const each = this.bytesPer(operand.dtype) * pitch.step;
      return each === 0
        ? { start: 0, end: buffer.bytes }
        : { start: each * first, end: each * (end + pitch.more) };
    };
    const numFinish = program?.buffers.length ?? 1;
    const after = operands.length + numFinish;
    const step = pitchOf(result, axis, dims)?.step ?? 0;
    const finish = program
      ? this.windowsOf(
          program,
          buffers.slice(operands.length, after),
          params.slice(sizes),
          step * first,
          step * end,
        )
      : [place(result, buffers[operands.length])];
    const windows = [
      ...operands.map((operand, slot) => place(operand, buffers[slot])),
      ...finish,
      ...parts.map((part, slot) => place(part, buffers[after + slot])),
    ];
    const bound = this.bind(buffers, windows);
    if (!bound) return null;
    const own: Dims = { ...dims, [axis]: end - first };
    const changed = [...params];
    changed[axisNames(kernel).indexOf(axis)] = end - first;
    if (program) changed.push(step * first, ...this.bases(program, finish));
    return { ...command, buffers: bound, params: changed, threads: kernel.threads(own) };
  }

  /** Axes of a kernel that it may be cut along, as its operands lie. */
  private kernelAxes(command: Command): string[] {
    const { kernel, dims } = command.kernel as NonNullable<Command["kernel"]>;
    const all: Operand[] = [...kernel.operands, kernel.result, ...kernel.parts];
    const axes = kernel.rows?.(dims) ?? [];
    return axes.filter((axis) => all.every((operand) => pitchOf(operand, axis, dims)));
  }

  /** Places of an axis that begin where a binding may, in every operand that has it. */
  private alignedStep(command: Command, axis: string): number {
    const { kernel, dims } = command.kernel as NonNullable<Command["kernel"]>;
    const { bindingAlign } = this.backend.limits;
    let step = 1;
    for (const operand of [...kernel.operands, kernel.result, ...kernel.parts]) {
      const bytes = this.bytesPer(operand.dtype) * (pitchOf(operand, axis, dims)?.step ?? 0);
      while ((step * bytes) % bindingAlign !== 0) step *= 2; // it is a power of two
    }
    return step;
  }

  private windowsOf(
    program: Program,
    buffers: readonly DeviceBuffer[],
    params: readonly number[],
    first: number,
    end: number,
  ): Window[] {
    const { bindingAlign } = this.backend.limits;
    const ranges = touched(program, params, { first, last: end - 1 });
    return buffers.map((buffer, slot) => {
      if (this.fits(buffer)) return { start: 0, end: buffer.bytes };
      const each = this.bytesPer(program.buffers[slot].dtype);
      const last = buffer.bytes / each - 1;
      const [low, high] = [ranges[slot]?.low ?? 0, ranges[slot]?.high ?? 0].map((element) =>
        Math.max(0, Math.min(element, last)),
      );
      const start = each * low;
      return { start: start - (start % bindingAlign), end: each * (high + 1) };
    });
  }

  /** The parts of the buffers; null if one is too large. */
  private bind(
    buffers: readonly DeviceBuffer[],
    windows: readonly Window[],
  ): DeviceBuffer[] | null {
    const { bindingBytes } = this.backend.limits;
    if (windows.some(({ start, end }) => end - start > bindingBytes)) return null;
    return buffers.map((buffer, slot) => {
      const { start, end } = windows[slot];
      const isWhole = start === 0 && end >= buffer.bytes;
      return isWhole ? buffer : this.backend.slice(buffer, start, end - start);
    });
  }

  /** The elements that the windows begin with. */
  private bases(program: Program, windows: readonly Window[]): number[] {
    return windows.map(({ start }, slot) => start / this.bytesPer(program.buffers[slot].dtype));
  }

  private shiftedExecutable(
    program: Program,
    { kernel, executable }: Command,
  ): Promise<Executable> {
    const known = this.compiled.get(program);
    if (known) return known;
    const changed = shifted(program);
    const made = kernel
      ? this.backend.compileKernel(kernel.kernel, changed)
      : this.backend.compileProgram(changed, executable.label);
    this.compiled.set(program, made);
    return made;
  }

  private fits({ bytes }: DeviceBuffer): boolean {
    return bytes <= this.backend.limits.bindingBytes;
  }

  private bytesPer(dtype: DType): number {
    return bytesPer(dtype, this.backend.precision);
  }
}
