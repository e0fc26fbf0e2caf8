import type { HostTensor } from "../engine/formats/hostTensor.ts";
import { type Safetensors, writeSafetensors } from "../engine/formats/safetensors.ts";
import { readWeights } from "../engine/formats/weights.ts";
import { readFileBytes, writeAtomic } from "./files.ts";

/** Weights by name, with the metadata of the file: safetensors or a PyTorch checkpoint. */
export async function loadWeights(path: string): Promise<Safetensors> {
  return readWeights(await readFileBytes(path), path);
}

/** Replace `path` in one step. Synchronous, so a signal cannot fall between two tensors. */
export function saveSafetensors(
  path: string,
  tensors: ReadonlyMap<string, HostTensor>,
  metadata: Record<string, string> = {},
): void {
  writeAtomic(path, writeSafetensors(tensors, metadata));
}
