/** The memory of a device: which buffer holds which value, and when it comes back. */
import { bytesPer, type HostArray } from "../dtype.ts";
import { DeviceError, OutOfMemoryError } from "../errors.ts";
import { type DeviceBuffer, type Expr, isDisposed, originOf, type Storage } from "../expr.ts";
import { showShape, sizeOf } from "../shape.ts";
import { type Backend, type Purpose, showPurpose } from "./backend.ts";
import { Leaks } from "./leaks.ts";
import { BufferPool } from "./pool.ts";

export class DeviceMemory {
  private readonly backend: Backend;
  /** What storages know this memory by. */
  private readonly owner: object;
  private readonly pool: BufferPool;
  private readonly leaks = new Leaks();
  private readonly abandoned: FinalizationRegistry<{ buffer: DeviceBuffer; origin: string }>;

  constructor(backend: Backend, owner: object) {
    this.backend = backend;
    this.owner = owner;
    const { bindingBytes, bufferBytes } = backend.limits;
    this.pool = new BufferPool(backend, bindingBytes, bufferBytes);
    this.abandoned = new FinalizationRegistry(({ buffer, origin }) => {
      this.leaks.add(buffer.bytes, origin);
      this.pool.give(buffer);
    });
  }

  get bytesLive(): number {
    return this.pool.bytesLive;
  }
  get bytesPeak(): number {
    return this.pool.bytesPeak;
  }

  /** A buffer for all elements; the purpose is named if there is no room. */
  take(purpose: Purpose, layout?: string): DeviceBuffer {
    const bytes = sizeOf(purpose.shape) * bytesPer(purpose.dtype, this.backend.precision);
    const { bufferBytes } = this.backend.limits;
    if (bytes > bufferBytes)
      throw new OutOfMemoryError(
        `${this.backend.name}(${purpose.label}): expected a buffer of at most ${bufferBytes} B, got ${bytes} B (${showPurpose(purpose)})`,
      );
    return this.pool.take(Math.max(bytes, 4), purpose, layout);
  }

  /** The memory of `part`, which begins at element `start` of `buffer`. */
  part(buffer: DeviceBuffer, start: number, { dtype, shape }: Expr): DeviceBuffer {
    const each = bytesPer(dtype, this.backend.precision);
    return this.backend.slice(buffer, start * each, Math.max(1, sizeOf(shape)) * each);
  }

  give(buffer: DeviceBuffer): void {
    this.pool.give(buffer);
  }

  /** Returns idle buffers to the system that are many more than is ever in use. */
  trim(): void {
    this.pool.trim();
  }

  /** Returns idle buffers to the system. */
  drain(): void {
    this.pool.drain();
  }

  /** The device's copy of a stored value, uploaded on first use. */
  bufferOf(expr: Expr): DeviceBuffer {
    const { storage } = expr;
    const known = storage?.buffers.get(this.owner);
    if (known) return known;
    if (!storage?.host) {
      const got = storage && isDisposed(storage) ? "a disposed one" : "one of another device";
      throw new DeviceError(
        `${this.backend.name}: expected a tensor of this device or of the host, got ${got} (${expr.dtype} ${showShape(expr.shape)})`,
      );
    }
    const { dtype, shape } = expr;
    const buffer = this.take({ label: "upload", dtype, shape });
    this.backend.upload(buffer, storage.host, dtype);
    this.register(storage, buffer, originOf(expr));
    return buffer;
  }

  /** The same values under another shape, held apart: either may be released before the other. */
  copyOf({ host, buffers }: Storage, origin?: string): Storage {
    return this.hold(host, buffers.get(this.owner), origin);
  }

  /** A share in the buffer, which comes back when nobody has one any more. */
  hold(host: HostArray | null, buffer: DeviceBuffer | undefined, origin?: string): Storage {
    const storage: Storage = { host, buffers: new Map() };
    if (buffer) this.register(storage, this.pool.share(buffer), origin);
    return storage;
  }

  private register(storage: Storage, buffer: DeviceBuffer, origin = "somewhere"): void {
    storage.buffers.set(this.owner, buffer);
    this.abandoned.register(storage, { buffer, origin }, storage);
  }

  /** Frees this device's copy of a value. */
  release({ storage }: Expr): void {
    const buffer = storage?.buffers.get(this.owner);
    if (!storage || !buffer) return;
    storage.buffers.delete(this.owner);
    this.abandoned.unregister(storage);
    this.pool.give(buffer);
  }

  /** Memory for a value of that type and shape. */
  takeFor(
    { dtype, shape }: Pick<Expr, "dtype" | "shape">,
    label: string,
    layout?: string,
  ): DeviceBuffer {
    return this.take({ label, dtype, shape }, layout);
  }
}
