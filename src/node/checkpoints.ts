/** Checkpoints of trainings as safetensors files: tensors as they are, the state in the metadata. */
import { FormatError } from "../engine/errors.ts";
import type { HostTensor } from "../engine/formats/hostTensor.ts";
import { type Checkpoint, readState, type StoredArray, writeState } from "../nn/checkpoint.ts";
import { loadWeights, saveSafetensors } from "./weights.ts";

const stateKey = "training"; // of the metadata

export interface StoredCheckpoint extends Checkpoint {
  /** Of the file, besides the state. */
  metadata: Record<string, string>;
}

/** Replaces the file in one step; `reconstruct` reads it as weights. */
export function saveCheckpoint(
  path: string,
  { state, tensors }: Checkpoint,
  metadata: Record<string, string> = {},
): void {
  const stored = new Map([...tensors].map(([name, array]) => [name, hostTensor(array)]));
  saveSafetensors(path, stored, { ...metadata, [stateKey]: writeState(state) });
}

/** Double precision stays: the f64 backend resumes bit for bit too. */
function hostTensor({ shape, data }: StoredArray): HostTensor {
  const isDouble = data instanceof Float64Array;
  return {
    dtype: isDouble ? "F64" : "F32",
    shape: [...shape],
    data: isDouble ? data : Float32Array.from(data),
  };
}

export async function loadCheckpoint(path: string): Promise<StoredCheckpoint> {
  const {
    metadata: { [stateKey]: text, ...metadata },
    tensors,
  } = await loadWeights(path);
  if (text === undefined)
    throw new FormatError(`${path}: expected a checkpoint of a training, got weights alone`);
  const arrays = [...tensors].map(([name, { dtype, shape, data }]) => {
    if (!(data instanceof Float32Array || data instanceof Float64Array))
      throw new FormatError(`${path}: expected ${name} of F32 or F64, got ${dtype}`);
    return [name, { shape, data }] as const;
  });
  return { state: readState(text, path), tensors: new Map(arrays), metadata };
}
