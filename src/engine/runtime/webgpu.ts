/** The `webgpu` backend: generated and hand-written WGSL on the browser's GPU or Dawn's. */
import { wgslKernel, wgslSource } from "../codegen/wgsl.ts";
import { type DType, type HostArray, hostArray } from "../dtype.ts";
import { env } from "../env.ts";
import { DeviceError } from "../errors.ts";
import type { DeviceBuffer } from "../expr.ts";
import { axisNames, type Kernel } from "../kernel.ts";
import type { Program, ValueType } from "../program.ts";
import type { Backend, Command, Executable } from "./backend.ts";

interface GpuBuffer extends DeviceBuffer {
  id: number;
  handle: GPUBuffer;
  /** Bytes from the beginning of `handle`. */
  start: number;
  whole?: GpuBuffer;
}
interface GpuExecutable extends Executable {
  pipeline: GPUComputePipeline;
  layout: GPUBindGroupLayout;
  key: string; // of the layout
  paramTypes: readonly ValueType[];
}

/** Flags of the WebGPU specification; Node has no globals for them. */
const usage = { mapRead: 1, copySrc: 4, copyDst: 8, uniform: 64, storage: 128 };
const mapModeRead = 1;
const computeStage = 4;

/** Measured best, or close to it, on software adapters as on GPUs. */
const workgroupSize = 64;
const maxGroups = 65535; // per grid dimension
const paramsAlign = 256; // of dynamic uniform offsets

/** What the backend needs to know of an adapter besides the device. */
export interface GpuChoice {
  adapter: GPUAdapter;
  /** True for lavapipe, SwiftShader and the like: a few cores stand in for thousands. */
  isSoftware: boolean;
  description: string;
}

/** Opens the adapter with all the limits it offers. */
export async function webgpuBackend({
  adapter,
  isSoftware,
  description,
}: GpuChoice): Promise<Backend> {
  const { limits } = adapter;
  const device = await adapter.requestDevice({
    requiredLimits: {
      maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
      maxBufferSize: limits.maxBufferSize,
      maxStorageBuffersPerShaderStage: limits.maxStorageBuffersPerShaderStage,
    },
  });
  return new WebGpuBackend(device, isSoftware, description);
}

class WebGpuBackend implements Backend {
  readonly name = "webgpu";
  readonly precision = "f32";
  readonly description: string;
  readonly limits;
  private readonly device: GPUDevice;
  private readonly isSoftware: boolean;
  private readonly compiled = new Map<string, Promise<GpuExecutable>>();
  private readonly layouts = new Map<string, GPUBindGroupLayout>();
  private readonly bindGroups = new Map<string, GPUBindGroup>();
  private failures: Promise<unknown>[] = [];
  private lost: string | null = null;
  private isClosing = false;
  private nextId = 0;
  private paramsBuffer: GpuBuffer | null = null;

  constructor(device: GPUDevice, isSoftware: boolean, description: string) {
    this.device = device;
    this.description = description;
    this.isSoftware = isSoftware;
    const { maxStorageBuffersPerShaderStage, maxStorageBufferBindingSize, maxBufferSize } =
      device.limits;
    this.limits = {
      inputs: maxStorageBuffersPerShaderStage - 1,
      bufferBytes: Math.min(maxStorageBufferBindingSize, maxBufferSize),
    };
    device.lost.then(({ reason, message }) => {
      if (!this.isClosing) this.lost = `${reason}: ${message || "no message"}`;
    });
  }

  /** Enough invocations to fill a GPU, each with a few dozen elements to combine. */
  lanes(results: number, length: number): number {
    const wanted = this.isSoftware ? 256 : 65536;
    const lanes = Math.min(wanted / Math.max(1, results), length / 64, 1024);
    return lanes <= 1 ? 1 : 2 ** Math.floor(Math.log2(lanes));
  }

  createBuffer(bytes: number): GpuBuffer {
    const flags = usage.storage | usage.copySrc | usage.copyDst;
    const size = Math.ceil(bytes / 4) * 4;
    return {
      id: this.nextId++,
      bytes,
      start: 0,
      handle: this.guard(() => this.device.createBuffer({ size, usage: flags })),
    };
  }

  destroyBuffer(buffer: DeviceBuffer): void {
    this.bindGroups.clear(); // they may name it
    (buffer as GpuBuffer).handle.destroy();
  }

  slice(buffer: DeviceBuffer, start: number, bytes: number): GpuBuffer {
    const part = buffer as GpuBuffer;
    return { ...part, bytes, start: part.start + start, whole: part.whole ?? part };
  }

  upload(buffer: DeviceBuffer, data: HostArray, dtype: DType): void {
    const isHeld =
      data.BYTES_PER_ELEMENT === 4 && (dtype === "f32") === data instanceof Float32Array;
    let source = data;
    if (!isHeld) {
      source = hostArray(dtype, data.length);
      source.set(data);
    }
    this.guard(() =>
      this.device.queue.writeBuffer(
        (buffer as GpuBuffer).handle,
        (buffer as GpuBuffer).start,
        source as Float32Array<ArrayBuffer>,
      ),
    );
  }

  async read(buffer: DeviceBuffer, dtype: DType, count: number): Promise<HostArray> {
    this.expectAlive();
    const size = count * 4;
    const flags = usage.mapRead | usage.copyDst;
    const staging = this.guard(() => this.device.createBuffer({ size, usage: flags }));
    this.guard(() => {
      const encoder = this.device.createCommandEncoder();
      const { handle, start } = buffer as GpuBuffer;
      encoder.copyBufferToBuffer(handle, start, staging, 0, size);
      this.device.queue.submit([encoder.finish()]);
    });
    try {
      await staging.mapAsync(mapModeRead);
      const data = hostArray(dtype, count);
      new Uint8Array(data.buffer).set(new Uint8Array(staging.getMappedRange()));
      return data;
    } catch (error) {
      await this.check();
      throw new DeviceError(
        `webgpu(read): expected ${size} B back, got an error (${(error as Error).message})`,
      );
    } finally {
      staging.destroy();
    }
  }

  compileProgram(program: Program, label: string): Promise<Executable> {
    const access = program.buffers.map(({ written }) => (written ? "w" : "r")).join("");
    const types = program.params.map(({ type }) => type);
    return this.compile(wgslSource(program, workgroupSize), label, access, types);
  }

  compileKernel(kernel: Kernel, finish: Program | null): Promise<Executable> {
    const { operands, numbers = [] } = kernel;
    const access = [
      ...operands.map(() => "r"),
      ...(finish?.buffers.map(({ written }) => (written ? "w" : "r")) ?? ["w"]),
    ];
    const types: ValueType[] = [
      ...axisNames(kernel).map((): ValueType => "index"),
      ...numbers.map((): ValueType => "f32"),
      ...(finish?.params.map(({ type }) => type) ?? []),
    ];
    const source = wgslKernel(kernel, finish, workgroupSize);
    return this.compile(source, kernel.name, access.join(""), types);
  }

  get pipelines(): number {
    return this.compiled.size;
  }

  run(commands: readonly Command[]): void {
    this.expectAlive();
    const stride = this.packParams(commands);
    this.guard(() => {
      const encoder = this.device.createCommandEncoder();
      const pass = encoder.beginComputePass();
      for (const [which, { executable, buffers, threads }] of commands.entries()) {
        const { pipeline } = executable as GpuExecutable;
        const groups = Math.ceil(threads / workgroupSize);
        const columns = Math.min(groups, maxGroups);
        pass.setPipeline(pipeline);
        pass.setBindGroup(0, this.bindGroup(executable as GpuExecutable, buffers as GpuBuffer[]), [
          which * stride,
        ]);
        pass.dispatchWorkgroups(columns, Math.ceil(groups / columns));
      }
      pass.end();
      this.device.queue.submit([encoder.finish()]);
    }, commands);
  }

  async check(): Promise<void> {
    const failures = this.failures;
    this.failures = [];
    await Promise.all(failures);
    this.expectAlive();
  }

  async close(): Promise<void> {
    this.isClosing = true;
    await Promise.allSettled(this.failures);
    await this.device.queue.onSubmittedWorkDone().catch(() => {});
    this.device.destroy();
    await this.device.lost;
  }

  /** Writes the parameters of all commands into one buffer; returns the bytes from one to the next. */
  private packParams(commands: readonly Command[]): number {
    const longest = Math.max(...commands.map(({ params }) => params.length + 2));
    const stride = Math.ceil((4 * longest) / paramsAlign) * paramsAlign;
    const words = new DataView(new ArrayBuffer(stride * commands.length));
    for (const [which, { executable, params, threads, rank }] of commands.entries()) {
      const { paramTypes } = executable as GpuExecutable;
      let at = which * stride;
      for (const [p, value] of params.entries()) {
        if (paramTypes[p] === "f32") words.setFloat32(at, value, true);
        else words.setUint32(at, value, true); // negative steps wrap, as index arithmetic does
        at += 4;
      }
      words.setUint32(at, threads, true);
      words.setUint32(at + 4, rank, true);
    }
    if (!this.paramsBuffer || this.paramsBuffer.bytes < words.byteLength) {
      this.paramsBuffer?.handle.destroy();
      this.bindGroups.clear();
      const bytes = Math.max(65536, 2 * words.byteLength);
      const flags = usage.uniform | usage.copyDst;
      const handle = this.guard(() => this.device.createBuffer({ size: bytes, usage: flags }));
      this.paramsBuffer = { id: this.nextId++, bytes, start: 0, handle };
    }
    this.guard(() =>
      this.device.queue.writeBuffer(
        (this.paramsBuffer as GpuBuffer).handle,
        0,
        words.buffer as ArrayBuffer,
      ),
    );
    return stride;
  }

  private bindGroup(
    { layout, key, paramTypes }: GpuExecutable,
    buffers: readonly GpuBuffer[],
  ): GPUBindGroup {
    const name = `${key} ${paramTypes.length} ${buffers.map(nameOf).join()}`;
    const known = this.bindGroups.get(name);
    if (known) return known;
    if (this.bindGroups.size > 4096) this.bindGroups.clear();
    const size = Math.ceil((4 * (paramTypes.length + 2)) / 16) * 16;
    const group = this.device.createBindGroup({
      layout,
      entries: [
        { binding: 0, resource: { buffer: (this.paramsBuffer as GpuBuffer).handle, size } },
        ...buffers.map((buffer, slot) => ({ binding: slot + 1, resource: rangeOf(buffer) })),
      ],
    });
    this.bindGroups.set(name, group);
    return group;
  }

  private compile(
    code: string,
    label: string,
    access: string,
    paramTypes: readonly ValueType[],
  ): Promise<GpuExecutable> {
    const known = this.compiled.get(code);
    if (known) return known;
    if (env.debug() >= 4) console.error(`${label}\n${code}`);
    const executable = this.build(code, label, access, paramTypes);
    this.compiled.set(code, executable);
    executable.catch(() => this.compiled.delete(code));
    return executable;
  }

  private async build(
    code: string,
    label: string,
    key: string,
    paramTypes: readonly ValueType[],
  ): Promise<GpuExecutable> {
    this.expectAlive();
    const { device } = this;
    const layout = this.layoutFor(key);
    device.pushErrorScope("validation");
    const module = device.createShaderModule({ code, label });
    const created = device.createComputePipelineAsync({
      label,
      layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
      compute: { module, entryPoint: "main" },
    });
    const [scope, result] = await Promise.allSettled([device.popErrorScope(), created]);
    // the scope has the compiler's words; the rejection only says that the module is invalid
    const scoped = scope.status === "fulfilled" ? scope.value?.message : undefined;
    const message =
      scoped ?? (result.status === "rejected" ? (result.reason as Error).message : undefined);
    this.expectAlive();
    if (message || result.status === "rejected")
      throw new DeviceError(
        `webgpu(${label}): expected a shader that compiles, got ${message}\n${code}`,
      );
    return { label, source: code, pipeline: result.value, layout, key, paramTypes };
  }

  private layoutFor(access: string): GPUBindGroupLayout {
    const known = this.layouts.get(access);
    if (known) return known;
    const visibility = computeStage;
    const layout = this.device.createBindGroupLayout({
      entries: [
        { binding: 0, visibility, buffer: { type: "uniform", hasDynamicOffset: true } },
        ...[...access].map((a, slot) => ({
          binding: slot + 1,
          visibility,
          buffer: { type: a === "w" ? ("storage" as const) : ("read-only-storage" as const) },
        })),
      ],
    });
    this.layouts.set(access, layout);
    return layout;
  }

  /** Runs device calls so that their errors are thrown by the next `check`. */
  private guard<T>(calls: () => T, commands: readonly Command[] = []): T {
    const { device } = this;
    device.pushErrorScope("out-of-memory");
    device.pushErrorScope("validation");
    try {
      return calls();
    } finally {
      for (const kind of ["validation", "out-of-memory"])
        this.failures.push(
          device.popErrorScope().then(
            (error) => {
              if (error)
                throw new DeviceError(
                  `webgpu${describe(commands)}: ${kind} error (${error.message})`,
                );
            },
            () => {}, // the device is lost: check() says so
          ),
        );
      for (const failure of this.failures) failure.catch(() => {}); // reported by check()
    }
  }

  private expectAlive(): void {
    if (this.lost !== null)
      throw new DeviceError(
        `webgpu: expected a working device, got a lost one (${this.lost}; open another and upload again)`,
      );
  }
}

const nameOf = ({ id, whole, start, bytes }: GpuBuffer): string =>
  whole ? `${id}@${start}+${bytes}` : `${id}`;

/** A whole buffer is bound as it is, a part from its start: a multiple of 256 bytes. */
const rangeOf = ({ handle, whole, start, bytes }: GpuBuffer): GPUBufferBinding =>
  whole ? { buffer: handle, offset: start, size: bytes } : { buffer: handle };

function describe(commands: readonly Command[]): string {
  const labels = [...new Set(commands.map(({ executable }) => executable.label))];
  return labels.length > 0 ? `(${labels.join(", ")})` : "";
}
