/** The run-time numbers of launches as bytes: parameters, then number of threads, then rank. */
import type { Command } from "../backend.ts";
import type { GpuExecutable } from "./pipelines.ts";

const align = 256; // of dynamic uniform offsets

/** Bytes that a launch with so many parameters reads. */
export const paramsSize = (count: number): number => Math.ceil((4 * (count + 2)) / 16) * 16;

/** Of all commands, one after the other, and the bytes from one to the next. */
export function packParams(commands: readonly Command[]): { bytes: ArrayBuffer; stride: number } {
  const longest = Math.max(...commands.map(({ params }) => params.length));
  const stride = Math.ceil(paramsSize(longest) / align) * align;
  const words = new DataView(new ArrayBuffer(stride * commands.length));
  for (const [which, { executable, params, threads, rank }] of commands.entries()) {
    const { paramTypes } = executable as GpuExecutable;
    let at = which * stride;
    for (const [p, value] of params.entries()) {
      if (paramTypes[p] === "f32" || paramTypes[p] === "f16") words.setFloat32(at, value, true);
      else words.setUint32(at, value, true); // negative steps wrap, as index arithmetic does
      at += 4;
    }
    words.setUint32(at, threads, true);
    words.setUint32(at + 4, rank, true);
  }
  return { bytes: words.buffer, stride };
}
