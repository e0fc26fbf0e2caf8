import fc from "fast-check";
import { expect, test } from "vitest";
import { FormatError } from "../../src/engine/errors.ts";
import { elementsOf, type HostTensor } from "../../src/engine/formats/hostTensor.ts";
import { writeSafetensors } from "../../src/engine/formats/safetensors.ts";
import { readTorchCheckpoint, stateDict } from "../../src/engine/formats/torchCheckpoint.ts";
import { readWeights } from "../../src/engine/formats/weights.ts";
import {
  bytesOf,
  checkpointOf,
  orderedDict,
  type Pickled,
  pickleOf,
  tensorOf,
  type View,
  zipOf,
} from "./archive.ts";

const ramp = Float32Array.from({ length: 24 }, (_, i) => i);
const view = (rest: Partial<View>): Pickled =>
  tensorOf({ storage: "FloatStorage", key: "0", count: 24, size: [24], stride: [1], ...rest });
const readTensor = (tensor: Pickled, storages: Record<string, ArrayBufferView> = { 0: ramp }) =>
  readTorchCheckpoint(checkpointOf(tensor, storages), "c.pt") as HostTensor;

test.each<[string, string, ArrayBufferView, HostTensor["dtype"], unknown[]]>([
  ["float32", "FloatStorage", Float32Array.of(1.5, -2), "F32", [1.5, -2]],
  ["float64", "DoubleStorage", Float64Array.of(0.1, -2), "F64", [0.1, -2]],
  ["float16", "HalfStorage", Uint16Array.of(0x3c00, 0xc400), "F16", [1, -4]],
  ["bfloat16", "BFloat16Storage", Uint16Array.of(0x3f80, 0xc080), "BF16", [1, -4]],
  ["int64", "LongStorage", BigInt64Array.of(2n ** 60n, -1n), "I64", [2n ** 60n, -1n]],
  ["int32", "IntStorage", Int32Array.of(7, -7), "I32", [7, -7]],
  ["int16", "ShortStorage", Int16Array.of(7, -7), "I16", [7, -7]],
  ["int8", "CharStorage", Int8Array.of(7, -7), "I8", [7, -7]],
  ["uint8", "ByteStorage", Uint8Array.of(7, 200), "U8", [7, 200]],
  ["bool", "BoolStorage", Uint8Array.of(1, 0), "BOOL", [1, 0]],
])("a tensor of %s is read", (_, storage, raw, dtype, values) => {
  const tensor = readTensor(view({ storage, count: 2, size: [2] }), { 0: raw });
  expect(tensor.dtype).toBe(dtype);
  expect(tensor.shape).toEqual([2]);
  expect([...tensor.data]).toEqual(values);
});

test("views with offset and stride give the elements that indexing gives", () => {
  const anyAxes = fc.array(fc.tuple(fc.nat(4), fc.nat(7)), { maxLength: 4 });
  fc.assert(
    fc.property(fc.nat(5), anyAxes, (offset, axes) => {
      const size = axes.map(([n]) => n);
      const stride = axes.map(([, step]) => step);
      const count = elementsOf(size);
      const expected = Array.from({ length: count }, (_, i) => {
        let at = offset;
        for (let axis = size.length - 1; axis >= 0; axis--) {
          at += (i % size[axis]!) * stride[axis]!;
          i = Math.floor(i / size[axis]!);
        }
        return at;
      });
      const read = () => readTensor(view({ offset, size, stride }));
      if (expected.some((at) => at >= 24)) expect(read).toThrow(/elements of storage/);
      else expect(read()).toEqual({ dtype: "F32", shape: size, data: Float32Array.from(expected) });
    }),
  );
});

test("a tensor without axes holds one number, and one with an empty axis none", () => {
  expect(readTensor(view({ offset: 5, size: [], stride: [] }))).toEqual({
    dtype: "F32",
    shape: [],
    data: Float32Array.of(5),
  });
  expect(readTensor(view({ offset: 24, size: [3, 0], stride: [0, 1] })).data.length).toBe(0);
});

test("tensors of one storage share its memory", () => {
  const pair = [view({ size: [4] }), view({ offset: 2, size: [4] })];
  const [a, b] = readTensor(pair) as unknown as [HostTensor, HostTensor];
  a.data[3] = 99;
  expect([...b.data]).toEqual([2, 99, 4, 5]);
});

test("a parameter is its tensor", () => {
  const parameter = (tensor: Pickled): Pickled => ({
    call: { global: "torch._utils _rebuild_parameter" },
    args: [tensor, true, { call: { global: "collections OrderedDict" }, args: [] }],
  });
  expect(readTensor(parameter(view({ size: [2] }))).data).toEqual(Float32Array.of(0, 1));
  expect(() => readTensor(parameter(3))).toThrow(/parameter: expected a tensor/);
});

test("dicts, lists, tuples and numbers around tensors are plain data", () => {
  const value = new Map<Pickled, Pickled>([
    ["epoch", 3],
    ["losses", [0.5, 0.25]],
    ["betas", { tuple: [0.9, 0.999] }],
    ["state", new Map<Pickled, Pickled>([[0, view({ size: [1] })]])],
    ["pairs", { call: { global: "collections OrderedDict" }, args: [[["a", 1]]] }],
    ["dict", { attributes: new Map([["_metadata", 1]]), of: orderedDict([["b", null]]) }],
  ]);
  expect(readTensor(value as Pickled)).toEqual(
    new Map<unknown, unknown>([
      ["epoch", 3],
      ["losses", [0.5, 0.25]],
      ["betas", [0.9, 0.999]],
      ["state", new Map([[0, { dtype: "F32", shape: [1], data: Float32Array.of(0) }]])],
      ["pairs", new Map([["a", 1]])],
      ["dict", new Map([["b", null]])],
    ]),
  );
});

const weights = orderedDict([
  ["layer.weight", view({ size: [2, 3], stride: [3, 1] })],
  ["layer.bias", view({ offset: 6, size: [2] })],
]);
test.each<[string, Pickled]>([
  [
    "model_state_dict",
    new Map([
      ["epoch", 1 as Pickled],
      ["model_state_dict", weights],
    ]),
  ],
  ["state_dict", new Map([["state_dict", weights]])],
  ["the checkpoint itself", weights],
])("weights are found in %s", (_, value) => {
  const { tensors } = readWeights(checkpointOf(value, { 0: ramp }), "c.pt");
  expect([...tensors.keys()]).toEqual(["layer.weight", "layer.bias"]);
  expect(tensors.get("layer.bias")?.data).toEqual(Float32Array.of(6, 7));
});

test("what holds no weights says so", () => {
  const find = (value: unknown) => () => stateDict(value, "c.pt");
  expect(find([1])).toThrow(/expected a dict at the top, got \[1\]/);
  expect(find(new Map([["epoch", 1]]))).toThrow(/or tensors only, got "epoch"/);
  expect(find(new Map())).toThrow(/expected a dict of tensors/);
  expect(find(new Map([["state_dict", 5]]))).toThrow(/expected a dict of tensors, got 5/);
});

test("readWeights tells the formats apart by content", () => {
  const x: HostTensor = { dtype: "F32", shape: [1], data: Float32Array.of(1) };
  const file = writeSafetensors(new Map([["x", x]]), { a: "b" });
  expect(readWeights(file, "file")).toEqual({ metadata: { a: "b" }, tensors: new Map([["x", x]]) });
  expect(() => readWeights(bytesOf("hello"), "file")).toThrow(/file: expected safetensors or/);
  expect(() => readWeights(pickleOf(1), "file")).toThrow(/bare pickle/);
});

const pickle = (value: Pickled) => pickleOf(value);
const call = (global: string, ...args: Pickled[]): Pickled => ({ call: { global }, args });
const tensorCall = (...args: Pickled[]) => call("torch._utils _rebuild_tensor_v2", ...args);
const storage = (...id: Pickled[]): Pickled => ({ persistent: { tuple: id } });
const floats: Pickled = { global: "torch FloatStorage" };
const zeros: Pickled = storage("storage", floats, "0", "cpu", 24);

test.each<[string, Uint8Array, RegExp]>([
  ["no data.pkl", zipOf([["a", bytesOf("x")]]), /expected one data.pkl in the zip, got 0/],
  [
    "two of them",
    zipOf([
      ["a/data.pkl", pickle(1)],
      ["b/data.pkl", pickle(1)],
    ]),
    /got 2/,
  ],
  [
    "big-endian storages",
    zipOf([
      ["a/data.pkl", pickle(1)],
      ["a/byteorder", bytesOf("big")],
    ]),
    /byte order little, got "big"/,
  ],
  [
    "a foreign class",
    checkpointOf(call("argparse Namespace"), {}),
    /got Python's "argparse Namespace"/,
  ],
  [
    "a call of a storage class",
    checkpointOf({ call: floats, args: [4] }, {}),
    /no call of a storage/,
  ],
  [
    "a storage that is missing",
    checkpointOf(view({ key: "9" }), { 0: ramp }),
    /storage "9": expected a zip entry/,
  ],
  [
    "a storage of the wrong size",
    checkpointOf(view({ count: 25 }), { 0: ramp }),
    /expected 100 bytes \(25 F32\), got 96/,
  ],
  [
    "a storage of two types",
    checkpointOf([view({}), view({ storage: "IntStorage" })], { 0: ramp }),
    /expected one type, got F32 and I32/,
  ],
  [
    "a storage reference of another kind",
    checkpointOf(storage("module", floats, "0", "cpu", 24), { 0: ramp }),
    /expected a storage reference/,
  ],
  ["a storage reference that is a number", checkpointOf({ persistent: 7 }, {}), /reference, got 7/],
  [
    "more elements than the storage",
    checkpointOf(view({ size: [25] }), { 0: ramp }),
    /≤ 24 elements of storage, got 25/,
  ],
  [
    "an offset past the storage",
    checkpointOf(view({ offset: 24, size: [1] }), { 0: ramp }),
    /got 25 \(offset 24/,
  ],
  [
    "strides past the storage",
    checkpointOf(view({ size: [4, 4], stride: [7, 1] }), { 0: ramp }),
    /got 25 .*stride \[7, 1\]/,
  ],
  [
    "strides of 2^53",
    checkpointOf(view({ size: [4, 4], stride: [2 ** 53 - 1, 1] }), { 0: ramp }),
    /elements of storage/,
  ],
  [
    "a negative stride",
    checkpointOf(view({ size: [2], stride: [-1], offset: 3 }), { 0: ramp }),
    /expected storage, offset, size and stride/,
  ],
  ["a negative size", checkpointOf(view({ size: [-1] }), { 0: ramp }), /size and stride/],
  [
    "too few strides",
    checkpointOf(view({ size: [2, 2], stride: [1] }), { 0: ramp }),
    /expected 2 strides/,
  ],
  [
    "a tensor without a storage",
    checkpointOf(tensorCall(1, 0, { tuple: [] }, { tuple: [] }), {}),
    /expected storage/,
  ],
  ["a tensor without arguments", checkpointOf(tensorCall(), {}), /expected storage/],
  [
    "65 axes",
    checkpointOf(view({ size: Array(65).fill(1), stride: Array(65).fill(1) }), { 0: ramp }),
    /expected storage/,
  ],
  [
    "a size that is no number",
    checkpointOf(tensorCall(zeros, 0, { tuple: ["a"] }, { tuple: [1] }), { 0: ramp }),
    /size and stride/,
  ],
  [
    "a terabyte by stride 0",
    checkpointOf(view({ size: [2 ** 30, 256], stride: [0, 0] }), { 0: ramp }),
    /at most 8 times/,
  ],
  [
    "a million views of stride 0",
    checkpointOf(Array(100).fill(view({ size: [9999], stride: [0] })), { 0: ramp }),
    /at most 8 times/,
  ],
  [
    "sizes that overflow",
    checkpointOf(view({ size: Array(64).fill(2 ** 53 - 1), stride: Array(64).fill(0) }), {
      0: ramp,
    }),
    /tensor: expected sizes/,
  ],
])("a checkpoint with %s is refused", (_, bytes, message) => {
  const read = () => readTorchCheckpoint(bytes, "c.pt");
  expect(read).toThrow(FormatError);
  expect(read).toThrow(message);
  expect(read).toThrow(/^c\.pt: /);
});
