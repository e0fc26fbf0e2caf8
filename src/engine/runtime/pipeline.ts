/** What was compiled, as `explain` names it. */
import { crc32 } from "../formats/crc32.ts";

export interface Pipeline {
  label: string;
  /** Equal for launches that share it: a checksum of what was compiled. */
  key: string;
  /** From asking for it to having it, when it was compiled; others may have been compiled meanwhile. */
  compileMs: number;
  /** Of WebAssembly modules. */
  bytes?: number;
}

/** Makes the pipeline of this text, and says how long that took. */
export async function timed<T>(
  { label, text }: { label: string; text: string },
  make: () => Promise<T> | T,
): Promise<{ made: T; pipeline: Pipeline }> {
  const started = performance.now();
  const made = await make();
  const compileMs = performance.now() - started;
  const key = crc32(new TextEncoder().encode(text)).toString(16).padStart(8, "0");
  return { made, pipeline: { label, key, compileMs } };
}
