/**
 * Checkpoints of PyTorch ≥ 1.6: a zip of `<top>/data.pkl` and raw storages `<top>/data/<key>`.
 *
 * A tensor is a view of a storage: offset, size and stride in elements. Tensors may share one.
 * The pickle is read as data (see pickle.ts); classes other than tensors are refused.
 */
import { FormatError } from "../errors.ts";
import {
  decode,
  elementsOf,
  type HostArray,
  type HostTensor,
  isSize,
  type StoredType,
  storedTypes,
} from "./hostTensor.ts";
import { shown } from "./json.ts";
import { PickleGlobal, readPickle } from "./pickle.ts";
import { readZip } from "./zip.ts";

/** Element types of PyTorch's storage classes. */
const storageTypes: Record<string, StoredType> = {
  "torch DoubleStorage": "F64",
  "torch FloatStorage": "F32",
  "torch HalfStorage": "F16",
  "torch BFloat16Storage": "BF16",
  "torch LongStorage": "I64",
  "torch IntStorage": "I32",
  "torch ShortStorage": "I16",
  "torch CharStorage": "I8",
  "torch ByteStorage": "U8",
  "torch BoolStorage": "BOOL",
};

/**
 * The saved object: dict → Map, list and tuple → array, tensor → HostTensor. Contiguous tensors of
 * one storage share its memory, which is the file's own where that is aligned.
 */
export function readTorchCheckpoint(bytes: Uint8Array, name: string): unknown {
  const archive = openArchive(bytes, name);
  const storages = new Map<string, Storage>();
  const globals = new Map<string, (args: readonly unknown[]) => unknown>([
    ["collections OrderedDict", ([pairs = []]) => orderedDict(pairs, archive)],
    ["torch._utils _rebuild_tensor_v2", (args) => rebuildTensor(args, archive)],
    ["torch._utils _rebuild_parameter", ([tensor]) => rebuildParameter(tensor, archive)],
  ]);
  for (const type of Object.keys(storageTypes))
    globals.set(type, () => archive.fail("expected no call of a storage class"));

  return readPickle(archive.pickle, `${name}: data.pkl`, {
    globals,
    persistent: (id) => findStorage(id, archive, storages),
  });
}

interface Archive {
  entries: Map<string, Uint8Array>;
  pickle: Uint8Array;
  top: string;
  /** Bytes that tensors may still take in addition to the file. */
  budget: number;
  fail(message: string): never;
}

function openArchive(bytes: Uint8Array, name: string): Archive {
  const fail = (message: string): never => {
    throw new FormatError(`${name}: ${message}`);
  };
  const entries = readZip(bytes, name);
  // the top folder is called after the path the file was first saved under
  const pickles = [...entries.keys()].filter((path) => /(^|\/)data\.pkl$/.test(path));
  if (pickles.length !== 1) return fail(`expected one data.pkl in the zip, got ${pickles.length}`);
  const top = pickles[0]!.slice(0, -"data.pkl".length);
  const order = new TextDecoder().decode(entries.get(`${top}byteorder`)) || "little";
  if (order !== "little") return fail(`expected byte order little, got ${shown(order)}`);
  // 8: a strided f32 view may repeat elements a few times; a hostile one would repeat billions
  const budget = 8 * bytes.length + 2 ** 20;
  return { entries, pickle: entries.get(pickles[0]!)!, top, budget, fail };
}

/** A file may name one list as the pairs of a million dicts, so they count as memory. */
function orderedDict(pairs: unknown, archive: Archive): Map<unknown, unknown> {
  if (!Array.isArray(pairs)) return archive.fail("OrderedDict: expected a list of pairs");
  spend(64 * pairs.length, archive);
  if (!pairs.every((pair) => Array.isArray(pair) && pair.length === 2))
    return archive.fail("OrderedDict: expected pairs");
  return new Map(pairs);
}

function spend(bytes: number, archive: Archive): void {
  archive.budget -= bytes;
  if (archive.budget < 0) archive.fail("expected content of at most 8 times the file's size");
}

class Storage {
  readonly dtype: StoredType;
  readonly values: HostArray;
  constructor(dtype: StoredType, values: HostArray) {
    this.dtype = dtype;
    this.values = values;
  }
}

/** id: ("storage", class, key, location, number of elements). The location (cuda:0) is ignored. */
function findStorage(id: unknown, archive: Archive, known: Map<string, Storage>): Storage {
  const [kind, type, key, , count] = Array.isArray(id) ? id : [];
  const dtype = type instanceof PickleGlobal ? storageTypes[type.name] : undefined;
  if (kind !== "storage" || dtype === undefined || typeof key !== "string" || !isSize(count))
    return archive.fail(`expected a storage reference, got ${shown(id)}`);
  const where = `storage ${shown(key)}`;
  const existing = known.get(key);
  if (existing !== undefined) {
    if (existing.dtype === dtype) return existing;
    return archive.fail(`${where}: expected one type, got ${existing.dtype} and ${dtype}`);
  }
  const bytes = archive.entries.get(`${archive.top}data/${key}`);
  if (bytes === undefined) return archive.fail(`${where}: expected a zip entry, got none`);
  const size = count * storedTypes[dtype].bytes;
  if (bytes.length !== size)
    return archive.fail(
      `${where}: expected ${size} bytes (${count} ${dtype}), got ${bytes.length}`,
    );
  const storage = new Storage(dtype, decode(dtype, bytes));
  known.set(key, storage);
  return storage;
}

/** args: (storage, offset, size, stride, requires_grad, backward_hooks, …). */
function rebuildTensor(args: readonly unknown[], archive: Archive): HostTensor {
  const [storage, offset, size, stride] = args;
  if (!(storage instanceof Storage) || !isSize(offset) || !isSizes(size) || !isSizes(stride))
    return archive.fail(`tensor: expected storage, offset, size and stride, got ${shown(args)}`);
  if (size.length !== stride.length)
    return archive.fail(`tensor: expected ${size.length} strides, got ${shown(stride)}`);
  const { dtype, values } = storage;
  const shape = [...size];
  const count = elementsOf(shape);
  if (!isSize(count)) return archive.fail(`tensor: expected sizes, got ${shown(shape)}`);
  const last = shape.reduce((at, d, axis) => at + (d - 1) * stride[axis]!, offset);
  if (count > 0 && !(last < values.length))
    return archive.fail(
      `tensor ${shown(shape)}: expected ≤ ${values.length} elements of storage, got ${last + 1} ` +
        `(offset ${offset}, stride ${shown(stride)})`,
    );
  if (count === 0) return { dtype, shape, data: values.subarray(0, 0) };
  if (isContiguous(shape, stride))
    return { dtype, shape, data: values.subarray(offset, offset + count) };

  spend(count * values.BYTES_PER_ELEMENT, archive);
  return { dtype, shape, data: gathered(values, offset, shape, stride) };
}

const maxAxes = 64; // as in PyTorch

function isSizes(list: unknown): list is number[] {
  return Array.isArray(list) && list.length <= maxAxes && list.every(isSize);
}

function isContiguous(shape: readonly number[], stride: readonly number[]): boolean {
  let dense = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && stride[axis] !== dense) return false;
    dense *= shape[axis]!;
  }
  return true;
}

/** The elements of a strided view in row-major order; there is at least one. */
function gathered(values: HostArray, offset: number, shape: number[], stride: number[]): HostArray {
  const arrayOf = values.constructor as new (length: number) => HostArray;
  const out = new arrayOf(elementsOf(shape));
  const position = shape.map(() => 0);
  let from = offset;
  for (let to = 0; to < out.length; to++) {
    out[to] = values[from]!;
    // count up like an odometer: the last axis first
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += stride[axis]!;
      if (++position[axis]! < shape[axis]!) break;
      from -= stride[axis]! * shape[axis]!;
      position[axis] = 0;
    }
  }
  return out;
}

function rebuildParameter(tensor: unknown, archive: Archive): HostTensor {
  return isTensor(tensor) ? tensor : archive.fail("parameter: expected a tensor");
}

const isTensor = (value: unknown): value is HostTensor =>
  typeof value === "object" && value !== null && "dtype" in value && "shape" in value;

/**
 * The weights in a checkpoint, in the order of the file: its `model_state_dict` or `state_dict`,
 * or the checkpoint itself if it is a dict of tensors.
 */
export function stateDict(checkpoint: unknown, name: string): Map<string, HostTensor> {
  if (!(checkpoint instanceof Map))
    throw new FormatError(`${name}: expected a dict at the top, got ${shown(checkpoint)}`);
  const dict = checkpoint.get("model_state_dict") ?? checkpoint.get("state_dict") ?? checkpoint;
  if (!(dict instanceof Map) || dict.size === 0)
    throw new FormatError(`${name}: expected a dict of tensors, got ${shown(dict)}`);
  for (const [key, value] of dict)
    if (typeof key !== "string" || !isTensor(value))
      throw new FormatError(
        `${name}: expected model_state_dict, state_dict or tensors only, got ${shown(key)}`,
      );
  return dict;
}
