/** The `webgpu` backend: generated and hand-written WGSL on the browser's GPU or Dawn's. */
import { wgslKernel } from "../codegen/wgsl/kernel.ts";
import { wgslSource } from "../codegen/wgsl/program.ts";
import {
  arrayOver,
  type DType,
  type HostArray,
  packInto,
  type StoredArray,
  unpack,
} from "../dtype.ts";
import type { DeviceBuffer } from "../expr.ts";
import { axisNames, type Kernel } from "../kernel.ts";
import type { Program, ValueType } from "../program.ts";
import {
  type Backend,
  type Command,
  type Executable,
  type Purpose,
  showPurpose,
} from "./backend.ts";
import type { Span } from "./trace.ts";
import { Bindings } from "./webgpu/bindings.ts";
import { Buffers, type GpuBuffer, partOf, wholeWords, wordsIn } from "./webgpu/buffers.ts";
import { Clock, mostTimed } from "./webgpu/clock.ts";
import { Faults } from "./webgpu/faults.ts";
import { usage } from "./webgpu/flags.ts";
import { Pipelines, type Shader } from "./webgpu/pipelines.ts";
import { Staging } from "./webgpu/staging.ts";
import { type Adapter, dispatchesOf, stepsOf, withVariants } from "./webgpu/variants.ts";

/** Measured best, or close to it, on software adapters as on GPUs. */
const workgroupSize = 64;
/** Submissions under way: enough to keep a GPU busy while the next is recorded, few to wait for. */
const mostInFlight = 3;

const optionalFeatures = ["timestamp-query", "shader-f16", "subgroups"] as const;

/** What the backend needs to know of an adapter besides the device. */
export interface GpuChoice {
  adapter: GPUAdapter;
  /** True for lavapipe, SwiftShader and the like: a few cores stand in for thousands. */
  isSoftware: boolean;
  description: string;
  /** Bind less of a buffer at once than the adapter could; for tests of what happens then. */
  maxBindingBytes?: number;
  /** Variants of kernels to run whatever the adapter and the sizes, by kernel: `{ matmul: "tall" }`. */
  variants?: Readonly<Record<string, string>>;
}

/** Opens the adapter with all the limits it offers. */
export async function webgpuBackend(choice: GpuChoice): Promise<Backend> {
  const { adapter, isSoftware, variants = {} } = choice;
  const { limits, features } = adapter;
  const device = await adapter.requestDevice({
    requiredFeatures: optionalFeatures.filter((feature) => features.has(feature)),
    requiredLimits: {
      maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
      maxBufferSize: limits.maxBufferSize,
      maxStorageBuffersPerShaderStage: limits.maxStorageBuffersPerShaderStage,
    },
  });
  const { maxComputeInvocationsPerWorkgroup, maxComputeWorkgroupStorageSize } = device.limits;
  const kind = {
    isSoftware,
    workgroupSize: maxComputeInvocationsPerWorkgroup,
    sharedBytes: maxComputeWorkgroupStorageSize,
    hasSubgroups: device.features.has("subgroups"),
    forced: variants,
  };
  return new WebGpuBackend(device, kind, choice);
}

/** Puts what one command launches into a pass; commands come in order. */
type Encode = (pass: GPUComputePassEncoder, which: number) => void;

class WebGpuBackend implements Backend {
  readonly name = "webgpu";
  readonly precision = "f32";
  readonly description: string;
  readonly limits;
  readonly storesF16: boolean;
  readonly runTimed: Backend["runTimed"];
  private readonly device: GPUDevice;
  private readonly adapter: Adapter;
  private readonly shaders: Pipelines;
  private readonly faults: Faults;
  private readonly staging: Staging;
  private readonly buffers: Buffers;
  private readonly bindings: Bindings;
  /** What is submitted and not done, oldest first. */
  private inFlight: Promise<unknown>[] = [];

  constructor(
    device: GPUDevice,
    adapter: Adapter,
    { description, maxBindingBytes = Infinity }: GpuChoice,
  ) {
    this.device = device;
    this.description = description;
    this.adapter = adapter;
    this.faults = new Faults(device);
    this.shaders = new Pipelines(device, this.faults);
    this.staging = new Staging(device, this.faults);
    this.buffers = new Buffers(device, this.faults);
    this.bindings = new Bindings(device, this.buffers);
    this.storesF16 = device.features.has("shader-f16");
    if (device.features.has("timestamp-query")) {
      const clock = new Clock(device);
      this.runTimed = (commands) => this.runByClock(commands, clock);
    }
    const {
      maxStorageBuffersPerShaderStage,
      maxStorageBufferBindingSize,
      maxBufferSize,
      minStorageBufferOffsetAlignment,
    } = device.limits;
    this.limits = {
      inputs: maxStorageBuffersPerShaderStage - 1,
      bufferBytes: wordsIn(maxBufferSize),
      bindingBytes: wordsIn(Math.min(maxStorageBufferBindingSize, maxBufferSize, maxBindingBytes)),
      bindingAlign: minStorageBufferOffsetAlignment,
    };
  }

  /** Enough invocations to fill a GPU, each with a few dozen elements to combine. */
  lanes(results: number, length: number): number {
    const wanted = this.adapter.isSoftware ? 256 : 65536;
    const lanes = Math.min(wanted / Math.max(1, results), length / 64, 1024);
    return lanes <= 1 ? 1 : 2 ** Math.floor(Math.log2(lanes));
  }

  createBuffer(bytes: number, purpose: Purpose): GpuBuffer {
    const flags = usage.storage | usage.copySrc | usage.copyDst;
    return this.buffers.allocate(bytes, flags, `webgpu(${purpose.label})`, showPurpose(purpose));
  }

  destroyBuffer(buffer: DeviceBuffer): void {
    this.bindings.forget();
    (buffer as GpuBuffer).handle.destroy();
  }

  slice(buffer: DeviceBuffer, start: number, bytes: number): GpuBuffer {
    return partOf(buffer as GpuBuffer, start, bytes);
  }

  upload(buffer: DeviceBuffer, data: HostArray, dtype: DType): void {
    const isHeld =
      data.BYTES_PER_ELEMENT === 4 && (dtype === "f32") === data instanceof Float32Array;
    let source: StoredArray = data;
    if (!isHeld || dtype === "f16") {
      source = arrayOver(dtype, new ArrayBuffer(wholeWords(data.length, dtype)));
      packInto(source, data);
    }
    this.buffers.write(buffer as GpuBuffer, source as Float32Array<ArrayBuffer>);
  }

  async read(buffer: DeviceBuffer, dtype: DType, count: number): Promise<HostArray> {
    this.faults.expectAlive();
    const { handle, start } = buffer as GpuBuffer;
    const bytes = await this.staging.read(handle, start, wholeWords(count, dtype));
    const memory = arrayOver(dtype, bytes);
    return memory instanceof Uint16Array ? unpack(memory, dtype, count) : memory;
  }

  compileProgram(program: Program, label: string): Promise<Executable> {
    const access = program.buffers.map(({ written }) => (written ? "w" : "r")).join("");
    const paramTypes = program.params.map(({ type }) => type);
    const code = wgslSource(program, workgroupSize);
    return this.shaders.compile({ code, label, access, paramTypes });
  }

  compileKernel(kernel: Kernel, finish: Program | null): Promise<Executable> {
    const { operands, parts, numbers = [] } = kernel;
    const access = [
      ...operands.map(() => "r"),
      ...(finish?.buffers.map(({ written }) => (written ? "w" : "r")) ?? ["w"]),
      ...parts.map(() => "w"),
    ].join("");
    const paramTypes: ValueType[] = [
      ...axisNames(kernel).map((): ValueType => "index"),
      ...numbers.map((): ValueType => "f32"),
      ...(finish?.params.map(({ type }) => type) ?? []),
    ];
    const code = wgslKernel(kernel, finish, workgroupSize);
    const own = { code, label: kernel.name, access, paramTypes };
    const compile = (shader: Shader) => this.shaders.compile(shader);
    return withVariants(kernel, finish, { adapter: this.adapter, own, compile });
  }

  get pipelines(): number {
    return this.shaders.count;
  }

  steps(command: Command): { launches: number; bytes: number } {
    return stepsOf(command, this.adapter);
  }

  run(commands: readonly Command[]): void {
    this.submit(commands, (encoder, encode) => {
      const pass = encoder.beginComputePass();
      for (const which of commands.keys()) encode(pass, which);
      pass.end();
    });
  }

  /** As `run`, each command in a pass of its own. */
  private async runByClock(commands: readonly Command[], clock: Clock): Promise<Span[]> {
    const count = Math.min(commands.length, mostTimed);
    const submitted = performance.now();
    const times = this.submit(commands, (encoder, encode) => {
      for (const which of commands.keys()) {
        const pass = encoder.beginComputePass(
          which < count ? { timestampWrites: clock.writes(which) } : {},
        );
        encode(pass, which);
        pass.end();
      }
      return clock.resolve(encoder, count);
    });
    const bytes = await this.staging.read(times, 0, times.size);
    times.destroy();
    return clock.spans(bytes, submitted);
  }

  async ready(): Promise<void> {
    while (this.inFlight.length >= mostInFlight) await this.inFlight[0];
  }

  async idle(): Promise<void> {
    while (this.inFlight.length > 0) await this.inFlight[0];
  }

  check(): Promise<void> {
    return this.faults.check();
  }

  async close(): Promise<void> {
    await this.faults.end();
    await this.device.queue.onSubmittedWorkDone().catch(() => {});
    this.device.destroy();
    await this.device.lost;
  }

  private submit<T>(
    commands: readonly Command[],
    record: (encoder: GPUCommandEncoder, encode: Encode) => T,
  ): T {
    this.faults.expectAlive();
    const dispatches = commands.map((c) => dispatchesOf(c, this.adapter, workgroupSize));
    this.bindings.begin(dispatches.flat());
    let encoded = 0;
    const encode: Encode = (pass, which) => {
      for (const dispatch of dispatches[which]) this.bindings.encode(pass, dispatch, encoded++);
    };
    const { queue } = this.device;
    const result = this.faults.guard(`webgpu${labelsOf(commands)}`, "memory to run", () => {
      const encoder = this.device.createCommandEncoder();
      const recorded = record(encoder, encode);
      queue.submit([encoder.finish()]);
      return recorded;
    });
    const done: Promise<unknown> = queue
      .onSubmittedWorkDone()
      .catch(() => {}) // the device is lost: check() says so
      .then(() => {
        this.inFlight = this.inFlight.filter((other) => other !== done);
      });
    this.inFlight.push(done);
    return result;
  }
}

function labelsOf(commands: readonly Command[]): string {
  const labels = [...new Set(commands.map(({ executable }) => executable.label))];
  return labels.length > 0 ? `(${labels.join(", ")})` : "";
}
