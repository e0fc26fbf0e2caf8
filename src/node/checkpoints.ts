/** Checkpoints of trainings as safetensors files: tensors as they are, the state in the metadata. */
import { FormatError } from "../engine/errors.ts";
import { type HostTensor, inPrecision } from "../engine/formats/hostTensor.ts";
import { type Checkpoint, readState, type StoredArray, writeState } from "../nn/checkpoint.ts";
import { trainingPrefix } from "../nn/module.ts";
import { loadWeights, saveSafetensors, type WeightType } from "./weights.ts";

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
    const isExact = dtype === "F32" || dtype === "F64"; // a rounded training would go on otherwise
    if (!isExact || !(data instanceof Float32Array || data instanceof Float64Array))
      throw new FormatError(`${path}: expected ${name} of F32 or F64, got ${dtype}`);
    return [name, { shape, data }] as const;
  });
  return { state: readState(text, path), tensors: new Map(arrays), metadata };
}

/** Saves what a checkpoint holds of the model, without what only a training that goes on needs. */
export async function saveWeightsOf(
  checkpoint: string,
  path: string,
  dtype: WeightType,
): Promise<void> {
  const { tensors, metadata } = await loadWeights(checkpoint);
  const { [stateKey]: _, ...kept } = metadata;
  const type = dtype === "f16" ? "F16" : "F32";
  const weights = [...tensors].flatMap(([name, tensor]) =>
    name.startsWith(trainingPrefix)
      ? []
      : [[name, inPrecision(tensor, type, `${path}: ${name}`)] as const],
  );
  saveSafetensors(path, new Map(weights), kept);
}
