/**
 * Writers for the tests: zip archives and pickles, spelled out so that a test can make them wrong.
 * Nothing here is shared with the readers.
 */
import { crc32 } from "node:zlib";

export const bytesOf = (...parts: (string | number | ArrayLike<number>)[]): Uint8Array => {
  const arrays = parts.map((part) => {
    if (typeof part === "string") return new TextEncoder().encode(part);
    if (typeof part === "number") return Uint8Array.of(part);
    return part instanceof Uint8Array ? part : Uint8Array.from(part);
  });
  return new Uint8Array(Buffer.concat(arrays));
};

const number = (size: 1 | 2 | 4 | 8, value: number): Uint8Array => {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, BigInt(value), true);
  return new Uint8Array(view.buffer, 0, size);
};
export const u16 = (value: number): Uint8Array => number(2, value);
export const u32 = (value: number): Uint8Array => number(4, value);
export const u64 = (value: number): Uint8Array => number(8, value);

export interface ZipOptions {
  flags?: number; // bit 3: sizes follow the data, and are zero in the local header
  method?: number; // 0 stored
  zip64?: boolean; // every size and offset in its 64-bit place
  padding?: number; // bytes of extra field in local headers
  comment?: string;
  crc?: (content: Uint8Array) => number;
}

/** A zip archive of stored entries. */
export function zipOf(entries: [path: string, content: Uint8Array][], options: ZipOptions = {}) {
  const { flags = 8, method = 0, zip64 = false, padding = 0, comment = "", crc = crc32 } = options;
  const locals: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let offset = 0;
  for (const [path, content] of entries) {
    const name = bytesOf(path);
    const sum = u32(crc(content));
    const size = content.length;
    const descriptor = flags & 8 ? bytesOf("PK\x07\x08", sum, u32(size), u32(size)) : [];
    const local = bytesOf(
      ...["PK\x03\x04", u16(20), u16(flags), u16(method), u32(0)],
      ...(flags & 8 ? [u32(0), u32(0), u32(0)] : [sum, u32(size), u32(size)]),
      ...[u16(name.length), u16(padding), name, new Uint8Array(padding), content, descriptor],
    );
    const extra = zip64 ? bytesOf(u16(1), u16(24), u64(size), u64(size), u64(offset)) : [];
    const full = 0xffffffff;
    directory.push(
      bytesOf(
        ...["PK\x01\x02", u16(20), u16(20), u16(flags), u16(method), u32(0), sum],
        ...(zip64 ? [u32(full), u32(full)] : [u32(size), u32(size)]),
        ...[u16(name.length), u16(extra.length), u16(0), u16(0), u16(0), u32(0)],
        ...[zip64 ? u32(full) : u32(offset), name, extra],
      ),
    );
    locals.push(local);
    offset += local.length;
  }
  const list = bytesOf(...directory);
  const count = entries.length;
  const end64 = bytesOf(
    ...["PK\x06\x06", u64(44), u16(45), u16(45), u32(0), u32(0), u64(count), u64(count)],
    ...[u64(list.length), u64(offset), "PK\x06\x07", u32(0), u64(offset + list.length), u32(1)],
  );
  const tail = zip64 ? [0xffff, 0xffffffff, 0xffffffff] : [count, list.length, offset];
  const end = bytesOf(
    ...["PK\x05\x06", u16(0), u16(0), u16(tail[0]!), u16(tail[0]!), u32(tail[1]!), u32(tail[2]!)],
    ...[u16(comment.length), comment],
  );
  return bytesOf(...locals, list, ...(zip64 ? [end64] : []), end);
}

/** What a pickle holds: JavaScript values, and Python's special ones as objects with one key. */
export type Pickled =
  | null
  | boolean
  | number
  | string
  | Pickled[] // list
  | Map<Pickled, Pickled> // dict
  | { tuple: Pickled[] }
  | { global: string } // "module name"
  | { call: Pickled; args: Pickled[] }
  | { persistent: Pickled }
  | { attributes: Pickled; of: Pickled }
  | { raw: Uint8Array }; // opcodes that leave one value

/** A pickle of protocol 2, as Python's own writer makes it but without the memo. */
export const pickleOf = (value: Pickled): Uint8Array => bytesOf([0x80, 2], opcodes(value), ".");

function opcodes(value: Pickled): Uint8Array {
  if (value === null) return bytesOf("N");
  if (typeof value === "boolean") return bytesOf([value ? 0x88 : 0x89]);
  if (typeof value === "number") return numberOpcodes(value);
  if (typeof value === "string") return bytesOf("X", u32(bytesOf(value).length), value);
  if (Array.isArray(value)) return bytesOf("](", ...value.map(opcodes), "e");
  if (value instanceof Map)
    return bytesOf("}(", ...[...value].flatMap(([k, v]) => [opcodes(k), opcodes(v)]), "u");
  if ("tuple" in value) return bytesOf("(", ...value.tuple.map(opcodes), "t");
  if ("global" in value) return bytesOf("c", value.global.replace(" ", "\n"), "\n");
  if ("call" in value) return bytesOf(opcodes(value.call), opcodes({ tuple: value.args }), "R");
  if ("persistent" in value) return bytesOf(opcodes(value.persistent), "Q");
  if ("attributes" in value) return bytesOf(opcodes(value.of), opcodes(value.attributes), "b");
  return value.raw;
}

function numberOpcodes(value: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  if (!Number.isSafeInteger(value) || Object.is(value, -0))
    return bytesOf("G", new Uint8Array(view.buffer));
  if (value >= 0 && value < 256) return bytesOf("K", value);
  if (value >= 0 && value < 65536) return bytesOf("M", u16(value));
  if (Math.abs(value) < 2 ** 31) return bytesOf("J", u32(value >>> 0));
  view.setBigInt64(0, BigInt(value), true);
  return bytesOf([0x8a, 8], new Uint8Array(view.buffer)); // LONG1
}

export const orderedDict = (entries: [string, Pickled][]): Pickled => ({
  raw: bytesOf(
    ...[opcodes({ call: { global: "collections OrderedDict" }, args: [] }), "("],
    ...[...entries.flatMap(([key, value]) => [opcodes(key), opcodes(value)]), "u"],
  ),
});

export interface View {
  storage: string; // class, such as FloatStorage
  key: string;
  count: number; // elements of the storage
  offset?: number;
  size: number[];
  stride: number[];
}

/** A tensor as torch.save writes it. */
export function tensorOf({ storage, key, count, offset = 0, size, stride }: View): Pickled {
  const type = { global: `torch ${storage}` };
  return {
    call: { global: "torch._utils _rebuild_tensor_v2" },
    args: [
      { persistent: { tuple: ["storage", type, key, "cuda:0", count] } },
      ...[offset, { tuple: size }, { tuple: stride }, false],
      { call: { global: "collections OrderedDict" }, args: [] },
    ],
  };
}

/** A checkpoint file: a pickled value, and storages by key. */
export function checkpointOf(
  value: Pickled | Uint8Array,
  storages: Record<string, ArrayBufferView>,
  options: ZipOptions = {},
): Uint8Array {
  const raw = Object.entries(storages).map(([key, { buffer, byteOffset, byteLength }]) => {
    return [`saved/data/${key}`, new Uint8Array(buffer, byteOffset, byteLength)] as [
      string,
      Uint8Array,
    ];
  });
  const pickle = value instanceof Uint8Array ? value : pickleOf(value);
  return zipOf(
    [
      ["saved/data.pkl", pickle],
      ["saved/byteorder", bytesOf("little")],
      ...raw,
      ["saved/version", bytesOf("3\n")],
    ],
    options,
  );
}
