import { FormatError } from "../errors.ts";
import { readSafetensors, type Safetensors } from "./safetensors.ts";
import { readTorchCheckpoint, stateDict } from "./torchCheckpoint.ts";

const startsWith = (bytes: Uint8Array, at: number, text: string) =>
  [...text].every((letter, i) => bytes[at + i] === letter.charCodeAt(0));

/** Weights by name from a safetensors file or a PyTorch checkpoint, told apart by content. */
export function readWeights(bytes: Uint8Array, name: string): Safetensors {
  if (startsWith(bytes, 0, "PK"))
    return { metadata: {}, tensors: stateDict(readTorchCheckpoint(bytes, name), name) };
  if (startsWith(bytes, 8, "{")) return readSafetensors(bytes, name);
  const why = bytes[0] === 0x80 ? " (a bare pickle: save it again with PyTorch ≥ 1.6)" : "";
  throw new FormatError(`${name}: expected safetensors or a PyTorch zip, got neither${why}`);
}
