/** What a dispatch is given: its parameters and its buffers. */
import { type Buffers, type GpuBuffer, nameOf, rangeOf } from "./buffers.ts";
import { usage } from "./flags.ts";
import { packParams, paramsSize } from "./params.ts";
import type { GpuExecutable } from "./pipelines.ts";
import type { Dispatch } from "./variants.ts";

const maxGroups = 65535; // per grid dimension
const mostKept = 4096;

/** Bind groups, kept by what they name, beside one buffer with the parameters of a submission. */
export class Bindings {
  private readonly device: GPUDevice;
  private readonly buffers: Buffers;
  /** Measured on lavapipe: to make a group takes tens of times as long as to find it. */
  private readonly groups = new Map<string, GPUBindGroup>();
  private params: GpuBuffer | null = null;
  /** Bytes from the parameters of one dispatch to those of the next. */
  private stride = 0;

  constructor(device: GPUDevice, buffers: Buffers) {
    this.device = device;
    this.buffers = buffers;
  }

  /** Uploads the parameters of all dispatches of a submission, in order. */
  begin(dispatches: readonly Dispatch[]): void {
    const { bytes, stride } = packParams(dispatches);
    this.stride = stride;
    if (!this.params || this.params.bytes < bytes.byteLength) {
      this.params?.handle.destroy();
      this.forget();
      const size = Math.max(65536, 2 * bytes.byteLength);
      this.params = this.buffers.allocate(size, usage.uniform | usage.copyDst, "webgpu(run)");
    }
    this.buffers.write(this.params, bytes);
  }

  /** Adds the dispatch that is number `which` of the submission. */
  encode(pass: GPUComputePassEncoder, dispatch: Dispatch, which: number): void {
    const executable = dispatch.executable as GpuExecutable;
    const columns = Math.min(dispatch.groups, maxGroups);
    const bound = this.group(executable, dispatch.buffers as GpuBuffer[]);
    pass.setPipeline(executable.pipeline);
    pass.setBindGroup(0, bound, [which * this.stride]);
    pass.dispatchWorkgroups(columns, Math.ceil(dispatch.groups / columns));
  }

  /** To be called before a buffer is destroyed: a group may name it. */
  forget(): void {
    this.groups.clear();
  }

  private group(
    { layout, access, paramTypes }: GpuExecutable,
    buffers: readonly GpuBuffer[],
  ): GPUBindGroup {
    const size = paramsSize(paramTypes.length);
    const name = `${access} ${size} ${buffers.map(nameOf).join()}`;
    const known = this.groups.get(name);
    if (known) return known;
    if (this.groups.size > mostKept) this.forget();
    const group = this.device.createBindGroup({
      layout,
      entries: [
        { binding: 0, resource: { buffer: (this.params as GpuBuffer).handle, size } },
        ...buffers.map((buffer, slot) => ({ binding: slot + 1, resource: rangeOf(buffer) })),
      ],
    });
    this.groups.set(name, group);
    return group;
  }
}
