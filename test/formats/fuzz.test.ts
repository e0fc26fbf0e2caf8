import { expect, test } from "vitest";
import type { HostTensor } from "../../src/engine/formats/hostTensor.ts";
import { readPickle } from "../../src/engine/formats/pickle.ts";
import { readSafetensors, writeSafetensors } from "../../src/engine/formats/safetensors.ts";
import { readTorchCheckpoint } from "../../src/engine/formats/torchCheckpoint.ts";
import { readWeights } from "../../src/engine/formats/weights.ts";
import { readZip } from "../../src/engine/formats/zip.ts";
import { checkpointOf, orderedDict, type Pickled, pickleOf, tensorOf } from "./archive.ts";
import { fuzz } from "./mutate.ts";

const ramp = Float32Array.from({ length: 64 }, (_, i) => i);
const halves = new Uint16Array(64).fill(0x3c00);
const view = (storage: string, key: string, size: number[], stride: number[]): Pickled =>
  tensorOf({ storage, key, count: 64, size, stride });
const value: Pickled = new Map<Pickled, Pickled>([
  ["epoch", 3],
  ["losses", [0.5, 0.25, 0.125]],
  [
    "state_dict",
    orderedDict([
      ["a", view("FloatStorage", "0", [8, 8], [8, 1])],
      ["b", view("FloatStorage", "0", [8, 8], [1, 8])],
      ["c", view("HalfStorage", "1", [64], [1])],
    ]),
  ],
]);
const storages = { 0: ramp, 1: halves };
const checkpoint = checkpointOf(value, storages, { flags: 8 });
const x: HostTensor = { dtype: "F32", shape: [8, 8], data: ramp };
const y: HostTensor = { dtype: "BF16", shape: [3], data: Float32Array.of(1, 2, 3) };
const safetensors = writeSafetensors(
  new Map([
    ["layer.weight", x],
    ["layer.bias", y],
  ]),
  { epoch: "3" },
);
const globals = new Map([["collections OrderedDict", () => new Map()]]);
const plainPickle = pickleOf(
  new Map<Pickled, Pickled>([
    ["betas", { tuple: [0.9, 0.999] }],
    ["params", Array.from({ length: 40 }, (_, i) => i * 1000)],
    ["dict", orderedDict([["a", { tuple: [] }]])],
  ]),
);
// a checksum that never fits mutants would hide the readers behind it: rewrite the zip around them
const withPickle = (pickle: Uint8Array) =>
  readTorchCheckpoint(checkpointOf(pickle, storages), "c.pt");

test.each<[string, Uint8Array, (bytes: Uint8Array) => unknown]>([
  ["readSafetensors", safetensors, (bytes) => readSafetensors(bytes, "w")],
  ["readZip", checkpoint, (bytes) => readZip(bytes, "c.pt")],
  ["readPickle", plainPickle, (bytes) => readPickle(bytes, "p", { globals })],
  ["readTorchCheckpoint", checkpoint, (bytes) => readTorchCheckpoint(bytes, "c.pt")],
  ["readTorchCheckpoint around its pickle", pickleOf(value), withPickle],
  ["readWeights", safetensors, (bytes) => readWeights(bytes, "w")],
])("%s reads 2000 mutants or refuses them by FormatError", (_, original, read) => {
  read(original);
  const { accepted, refused } = fuzz(original, read, { times: 2000, seed: 1 });
  expect(accepted + refused).toBe(2000);
  expect(refused).toBeGreaterThan(200);
});
