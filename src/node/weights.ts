import { type HostTensor, inPrecision } from "../engine/formats/hostTensor.ts";
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

/** How weights are stored: f16 takes half the bytes, and keeps 11 significant bits of each. */
export type WeightType = "f32" | "f16";

/**
 * Save the parameters and statistics of a model under their PyTorch-style names; `reconstruct` and others
 * read them. Each is stored as `dtype`, or else as what it is. Throws a `DTypeError` that names the
 * parameter if f16 cannot hold it, and writes nothing then.
 */
export async function saveParameters(
  path: string,
  model: object,
  metadata: Record<string, string> = {},
  { dtype }: { dtype?: WeightType } = {},
): Promise<void> {
  const tensors = new Map<string, HostTensor>();
  for (const [name, parameter] of modelState(model)) {
    const data = Float32Array.from(await parameter.data());
    const key = snakeCase(name);
    const type = (dtype ?? parameter.dtype) === "f16" ? "F16" : "F32";
    const tensor: HostTensor = { dtype: "F32", shape: [...parameter.shape], data };
    tensors.set(key, inPrecision(tensor, type, `${path}: ${key}`));
  }
  saveSafetensors(path, tensors, metadata);
}
