import type { HostTensor } from "../engine/formats/hostTensor.ts";
import { type Safetensors, writeSafetensors } from "../engine/formats/safetensors.ts";
import { readWeights } from "../engine/formats/weights.ts";
import { modelState, snakeCase } from "../nn/module.ts";
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

/** Save the parameters and statistics of a model under their PyTorch-style names; `reconstruct` and others read them. */
export async function saveParameters(
  path: string,
  model: object,
  metadata: Record<string, string> = {},
): Promise<void> {
  const tensors = new Map<string, HostTensor>();
  for (const [name, parameter] of modelState(model)) {
    const data = Float32Array.from(await parameter.data());
    tensors.set(snakeCase(name), { dtype: "F32", shape: [...parameter.shape], data });
  }
  saveSafetensors(path, tensors, metadata);
}
