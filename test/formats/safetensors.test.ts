import fc from "fast-check";
import { expect, test } from "vitest";
import { DTypeError, FormatError, ShapeError } from "../../src/engine/errors.ts";
import {
  decode,
  elementsOf,
  encode,
  type HostArray,
  type HostTensor,
  type StoredType,
  storedTypes,
  toFloat32,
} from "../../src/engine/formats/hostTensor.ts";
import { readSafetensors, writeSafetensors } from "../../src/engine/formats/safetensors.ts";
import { bytesOf, u64 } from "./archive.ts";

const dtypes = Object.keys(storedTypes) as StoredType[];

/** Any tensor: its values are those of random bytes. */
const anyTensor: fc.Arbitrary<HostTensor> = fc
  .record({
    dtype: fc.constantFrom(...dtypes),
    shape: fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 }),
  })
  .chain(({ dtype, shape }) => {
    const length = elementsOf(shape) * storedTypes[dtype].bytes;
    return fc
      .uint8Array({ minLength: length, maxLength: length })
      .map((bytes) => ({ dtype, shape, data: decode(dtype, bytes) }));
  });
const anyName = fc.string({ unit: "grapheme" }).filter((s) => !/^__(metadata|proto)__$/.test(s));
const anyFile = fc.record({
  tensors: fc.uniqueArray(fc.tuple(anyName, anyTensor), { selector: ([name]) => name }),
  metadata: fc.dictionary(anyName, fc.string({ unit: "grapheme" })),
});

test("what is written is read back", () => {
  fc.assert(
    fc.property(anyFile, fc.integer({ min: 0, max: 7 }), ({ tensors, metadata }, shift) => {
      const bytes = writeSafetensors(new Map(tensors), metadata);
      // at any address in memory, aligned or not
      const shifted = new Uint8Array(bytes.length + shift).subarray(shift);
      shifted.set(bytes);
      const read = readSafetensors(shifted, "file");
      expect({ ...read.metadata }).toEqual({ ...metadata });
      expect(read.tensors).toEqual(new Map(tensors));
    }),
  );
});

test("a file depends on names and values, not on the order they were given in", () => {
  fc.assert(
    fc.property(anyFile, ({ tensors, metadata }) => {
      const reversed = Object.fromEntries(Object.entries(metadata).reverse());
      const one = writeSafetensors(new Map(tensors), metadata);
      const two = writeSafetensors(new Map(tensors.toReversed()), reversed);
      expect(one).toEqual(two);
    }),
  );
});

test("every tensor of a written file is aligned to its element size", () => {
  fc.assert(
    fc.property(anyFile, ({ tensors, metadata }) => {
      const bytes = writeSafetensors(new Map(tensors), metadata);
      for (const { dtype, data } of readSafetensors(bytes, "file").tensors.values())
        if (data.length > 0 && dtype !== "F16" && dtype !== "BF16")
          expect(data.buffer).toBe(bytes.buffer); // a view: no copy was needed
    }),
  );
});

test.each(["F16", "BF16"] as const)(
  "every value of %s survives, and others go to the nearest",
  (dtype) => {
    const bits = Uint16Array.from({ length: 65536 }, (_, i) => i);
    const values = decode(dtype, new Uint8Array(bits.buffer)) as Float32Array;
    const back = new Uint16Array(encode({ dtype, shape: [65536], data: values }).buffer);
    for (let i = 0; i < 65536; i++) if (!Number.isNaN(values[i])) expect(back[i]).toBe(i); // NaNs have many spellings
    expect(decode(dtype, encode({ dtype, shape: [1], data: Float32Array.of(NaN) }))).toEqual(
      Float32Array.of(NaN),
    );

    const finite = [...values].filter(Number.isFinite).sort((a, b) => a - b);
    fc.assert(
      fc.property(fc.float({ min: -65504, max: 65504, noNaN: true }), (x) => {
        const data = Float32Array.of(x);
        const [rounded] = decode(dtype, encode({ dtype, shape: [], data })) as Float32Array;
        const above = finite.findIndex((v) => v >= x);
        const gaps = finite.slice(Math.max(0, above - 1), above + 1).map((v) => Math.abs(v - x));
        expect(Math.abs(rounded! - x)).toBe(Math.min(...gaps));
      }),
    );
  },
);

test("halves round to even, and to infinity from 65520 on", () => {
  const round = (x: number) =>
    decode("F16", encode({ dtype: "F16", shape: [], data: Float32Array.of(x) }))[0];
  expect(round(1 + 2 ** -11)).toBe(1);
  expect(round(1 + 3 * 2 ** -11)).toBe(1 + 2 ** -9);
  expect(round(2 ** -25)).toBe(0);
  expect(round(3 * 2 ** -25)).toBe(2 ** -23);
  expect(round(65519)).toBe(65504);
  expect(round(-65520)).toBe(-Infinity);
});

test("the file has the documented layout", () => {
  const x: HostTensor = { dtype: "F32", shape: [2], data: Float32Array.of(1, 2) };
  const bytes = writeSafetensors(new Map([["x", x]]), { made: "here" });
  const header = new TextDecoder().decode(bytes.subarray(8, -8));
  expect(header.trimEnd()).toBe(
    '{"__metadata__":{"made":"here"},"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}',
  );
  expect(header.length % 8).toBe(0);
  expect(bytes.subarray(0, 8)).toEqual(u64(header.length));
});

/** A file with this header in front of `data` bytes. */
const fileOf = (header: string | Uint8Array, data = 0) =>
  bytesOf(u64(bytesOf(header).length), header, new Uint8Array(data));
const tensor = (rest: string) => `{"x":{${rest}}}`;
const f32 = (shape: string, offsets: string) =>
  `"dtype":"F32","shape":${shape},"data_offsets":${offsets}`;

test.each<[string, Uint8Array, RegExp]>([
  ["an empty file", bytesOf(), /8 bytes of header length, got 0/],
  ["a header longer than the file", bytesOf(u64(9), "{}"), /got 9 in a file of 10 bytes/],
  ["a header of 2^64 − 1 bytes", bytesOf(new Uint8Array(8).fill(255), "{}"), /length of header/],
  ["no JSON", fileOf("{"), /expected a JSON header/],
  ["an array", fileOf("[1]"), /expected a JSON object/],
  ["null", fileOf("null"), /expected a JSON object/],
  ["text that is no UTF-8", fileOf(Uint8Array.of(0x7b, 0xff, 0x7d)), /expected a JSON header/],
  ["a byte order mark", fileOf("\ufeff{}"), /expected a JSON header/],
  ["a hundred thousand open brackets", fileOf("[".repeat(1e5)), /expected a JSON/],
  [
    "a deep shape",
    fileOf(tensor(f32(`${"[".repeat(1e5)}${"]".repeat(1e5)}`, "[0,4]")), 4),
    /shape/,
  ],
  ["an entry that is a number", fileOf('{"x":1}'), /tensor "x": expected an object/],
  [
    "an unknown dtype",
    fileOf(tensor('"dtype":"F8_E4M3","shape":[],"data_offsets":[0,1]'), 1),
    /expected dtype F64\|.*got "F8_E4M3"/,
  ],
  ["a dtype from the prototype", fileOf(tensor('"dtype":"toString","shape":[]')), /expected dtype/],
  ["a negative size", fileOf(tensor(f32("[-1]", "[0,4]")), 4), /shape/],
  ["a fractional size", fileOf(tensor(f32("[1.5]", "[0,6]")), 6), /shape/],
  ["a size beyond 2^53", fileOf(tensor(f32("[1e300,0]", "[0,0]"))), /shape/],
  [
    "sizes whose product is not a number",
    fileOf(tensor(f32(`[${"9e15,".repeat(30)}0]`, "[0,0]"))),
    /expected NaN bytes/,
  ],
  ["one offset", fileOf(tensor(f32("[1]", "[0]")), 4), /two data_offsets/],
  ["offsets that are text", fileOf(tensor(f32("[1]", '["0","4"]')), 4), /two data_offsets/],
  ["offsets in the wrong order", fileOf(tensor(f32("[1]", "[4,0]")), 4), /expected 4 bytes/],
  [
    "a shape that its bytes cannot hold",
    fileOf(tensor(f32("[2]", "[0,4]")), 4),
    /expected 8 bytes/,
  ],
  ["missing data", fileOf(tensor(f32("[2]", "[0,8]")), 7), /up to byte 8, got 7 .*truncated/],
  ["bytes that no tensor claims", fileOf(tensor(f32("[1]", "[0,4]")), 5), /4 bytes of data, got 5/],
  ["a gap", fileOf(tensor(f32("[1]", "[4,8]")), 8), /from byte 0, got 4 \(leaves a gap\)/],
  [
    "an overlap",
    fileOf(`{"a":{${f32("[2]", "[0,8]")}},"b":{${f32("[1]", "[4,8]")}}}`, 8),
    /"b".*\(overlaps/,
  ],
  [
    "a name used twice",
    fileOf(`{"x":{${f32("[]", "[0,4]")}},"\\u0078":{${f32("[]", "[0,4]")}}}`, 4),
    /has "x" twice/,
  ],
  [
    "a property used twice",
    fileOf(tensor(`"dtype":"F64",${f32("[]", "[0,4]")}`), 4),
    /has "dtype" twice/,
  ],
  ["__proto__ as a name", fileOf(`{"__proto__":{${f32("[]", "[0,4]")}}}`, 4), /__proto__/],
  ["__proto__ in the metadata", fileOf('{"__metadata__":{"__proto__":"x"}}'), /__proto__/],
  [
    "metadata that are not text",
    fileOf('{"__metadata__":{"a":1}}'),
    /expected text for "a", got 1/,
  ],
  ["a name of a megabyte", fileOf(`{"${"x".repeat(1e6)}":1}`), /^.{0,200}$/],
])("a file with %s is refused", (_, bytes, message) => {
  const read = () => readSafetensors(bytes, "w.safetensors");
  expect(read).toThrow(FormatError);
  expect(read).toThrow(message);
  expect(read).toThrow(/^w\.safetensors: /);
});

test("quotes, colons and braces inside names are not taken for structure", () => {
  const x: HostTensor = { dtype: "U8", shape: [], data: Uint8Array.of(7) };
  const names = ['a"', 'a":{', "}}", "\\", '\\"', "a : b", "dtype", "constructor"];
  const file = writeSafetensors(new Map(names.map((name) => [name, x])));
  expect(new Set(readSafetensors(file, "file").tensors.keys())).toEqual(new Set(names));
});

test("writing refuses tensors that contradict themselves", () => {
  const write = (dtype: string, shape: number[], data: HostArray) => () =>
    writeSafetensors(new Map([["x", { dtype, shape, data } as HostTensor]]));
  expect(write("F32", [3], new Float32Array(2))).toThrow(ShapeError);
  expect(write("F32", [2], new Float64Array(2))).toThrow(DTypeError);
  expect(write("F8", [2], new Uint8Array(2))).toThrow(/writeSafetensors\(x\): expected F64\|/);
  expect(() => writeSafetensors(new Map([["__metadata__", {} as HostTensor]]))).toThrow(
    FormatError,
  );
});

test("toFloat32 rounds what is wider, and copies nothing that is f32 already", () => {
  const data = Float32Array.of(1, 2);
  expect(toFloat32({ dtype: "F16", shape: [2], data })).toBe(data);
  expect(toFloat32({ dtype: "I64", shape: [1], data: BigInt64Array.of(-3n) })).toEqual(
    Float32Array.of(-3),
  );
});
