/** Compiled shaders, one per text, and the layouts of what they bind. */
import { env } from "../../env.ts";
import { DeviceError } from "../../errors.ts";
import type { ValueType } from "../../program.ts";
import type { Executable } from "../backend.ts";
import { timed } from "../pipeline.ts";
import { RecentlyUsed } from "../recentlyUsed.ts";
import type { Faults } from "./faults.ts";
import { computeStage } from "./flags.ts";

export interface GpuExecutable extends Executable {
  pipeline: GPUComputePipeline;
  layout: GPUBindGroupLayout;
  /** Of the layout: "r" or "w" per buffer. */
  access: string;
  paramTypes: readonly ValueType[];
}

/** What is compiled: WGSL whose storage buffers are read ("r") or written ("w") in this order. */
export interface Shader {
  code: string;
  label: string;
  access: string;
  paramTypes: readonly ValueType[];
}

const mostPipelines = 4096; // kept for reuse

export class Pipelines {
  private readonly device: GPUDevice;
  private readonly faults: Faults;
  private readonly compiled = new RecentlyUsed<Promise<GpuExecutable>>(mostPipelines);
  /** Compiled since the device was opened. */
  count = 0;
  private readonly layouts = new Map<string, GPUBindGroupLayout>();

  constructor(device: GPUDevice, faults: Faults) {
    this.device = device;
    this.faults = faults;
  }

  compile(shader: Shader): Promise<GpuExecutable> {
    const { code, label } = shader;
    const known = this.compiled.get(code);
    if (known) return known;
    if (env.debug() >= 4) console.error(`${label}\n${code}`);
    const executable = this.build(shader);
    this.compiled.set(code, executable);
    this.count++;
    executable.catch(() => {
      this.compiled.delete(code);
      this.count--;
    });
    return executable;
  }

  private async build({ code, label, access, paramTypes }: Shader): Promise<GpuExecutable> {
    this.faults.expectAlive();
    const layout = this.layoutFor(access);
    const { made, pipeline } = await timed({ label, text: code }, () =>
      this.createPipeline({ code, label, layout }),
    );
    return {
      label,
      source: code,
      pipelines: [pipeline],
      pipeline: made,
      layout,
      access,
      paramTypes,
    };
  }

  private async createPipeline({
    code,
    label,
    layout,
  }: {
    code: string;
    label: string;
    layout: GPUBindGroupLayout;
  }): Promise<GPUComputePipeline> {
    const { device } = this;
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
    this.faults.expectAlive();
    if (message || result.status === "rejected")
      throw new DeviceError(
        `webgpu(${label}): expected a shader that compiles, got ${message}\n${code}`,
      );
    return result.value;
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
}
