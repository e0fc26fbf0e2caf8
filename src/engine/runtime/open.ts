import { env } from "../env.ts";
import { DeviceError } from "../errors.ts";
import type { ExplainOptions, Explanation } from "../explanation.ts";
import type { Tensor } from "../tensor.ts";
import { Device } from "./device.ts";
import { jsBackend } from "./js.ts";
import { type ThreadHost, webThreads } from "./wasm/startThread.ts";
import { hasWasm, wasmBackend } from "./wasm.ts";
import type { GpuChoice } from "./webgpu.ts";

export type BackendName = "auto" | "webgpu" | "wasm" | "js" | "js-f64";

export interface OpenOptions {
  /**
   * `auto` takes a real GPU, else `wasm`, else `js`; `js-f64` computes in double precision.
   * Default: the environment's `TG_BACKEND`, else `auto`.
   */
  backend?: BackendName;
  /**
   * Threads of `wasm`, this one included. Default: the environment's `TG_THREADS`, else one per core, eight
   * at most. Always one where memory cannot be shared: on pages that are not cross-origin isolated.
   */
  threads?: number;
  /**
   * Lets `wasm` multiply and add in one rounding where the engine has such an instruction: faster products,
   * whose last bits depend on the machine. Default: the environment's `TG_RELAXED=1`, else no.
   */
  relaxed?: boolean;
  /** Starts threads; default: web workers. `trackgrad/node` brings those of Node. */
  threadHost?: ThreadHost | null;
  /** Finds the GPU; default: the browser's. `trackgrad/node` brings Dawn's. */
  gpu?: () => Promise<GpuChoice>;
}

let current: Device | null = null;

/** Opens a device; it becomes the one that tensors are computed on unless they name another. */
export async function openDevice(options: OpenOptions = {}): Promise<Device> {
  current = new Device(await openBackend(options));
  return current;
}

/** The device opened last; one on the processor if none is open. */
export function currentDevice(): Device {
  if (!current || current.closed) current = new Device(cpuBackend());
  return current;
}

/** How the tensors would be computed: launches, what is fused into each and why not more, source. */
export function explain(
  tensors: readonly Tensor[],
  options: ExplainOptions = {},
): Promise<Explanation> {
  const device = tensors.find((tensor) => tensor.device)?.device ?? currentDevice();
  const exprs = tensors.map(({ expr }) => expr);
  return (device as Device).explain(exprs, options);
}

async function openBackend({ backend, gpu = browserGpu, ...threading }: OpenOptions) {
  const name = backend ?? env.backend() ?? "auto";
  switch (name) {
    case "js":
      return jsBackend("f32");
    case "js-f64":
      return jsBackend("f64");
    case "wasm":
      if (hasWasm()) return wasmOn(threading);
      throw new DeviceError(
        "openDevice(wasm): expected WebAssembly with vectors, got none (use js)",
      );
    case "webgpu":
      return webgpuOn(await gpu());
    case "auto": {
      const choice = await gpu().catch(() => null);
      return choice && !choice.isSoftware ? webgpuOn(choice) : cpuBackend(threading);
    }
    default:
      throw new DeviceError(
        `openDevice(backend): expected auto, webgpu, wasm, js or js-f64, got ${name}`,
      );
  }
}

/** Loaded where it is used: a page without WebGPU does without its code. */
async function webgpuOn(choice: GpuChoice) {
  const { webgpuBackend } = await import("./webgpu.ts");
  return webgpuBackend(choice);
}

const cpuBackend = (threading: Threading = {}) =>
  hasWasm() ? wasmOn(threading) : jsBackend("f32");

type Threading = Pick<OpenOptions, "threads" | "threadHost" | "relaxed">;

const wasmOn = ({ relaxed = env.relaxed(), ...threading }: Threading) =>
  wasmBackend({ ...threadsFor(threading), isRelaxed: relaxed });

export const mostThreads = 8; // memory is no faster for more

/** What starts threads, and how many there shall be. */
export function threadsFor({ threads, threadHost: host = webThreads() }: Threading): {
  host: ThreadHost | null;
  count: number;
} {
  const asked = threads ?? (env.threads() === undefined ? undefined : Number(env.threads()));
  const count = asked ?? Math.min(host?.cores ?? 1, mostThreads);
  if (!(Number.isInteger(count) && count >= 1))
    throw new DeviceError(
      `openDevice(threads): expected a whole number ≥ 1, got ${threads ?? env.threads()}`,
    );
  return { host, count: host ? count : 1 };
}

async function browserGpu(): Promise<GpuChoice> {
  const gpu = (globalThis.navigator as Navigator | undefined)?.gpu;
  if (!gpu)
    throw new DeviceError(
      'openDevice(webgpu): expected navigator.gpu, got none (in Node: openDevice of "trackgrad/node")',
    );
  const adapter = await gpu.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter)
    throw new DeviceError("openDevice(webgpu): expected an adapter, got none from the browser");
  const { vendor, architecture, description, isFallbackAdapter } = adapter.info;
  const name = [vendor, architecture, description].filter(Boolean).join(" ");
  return {
    adapter,
    isSoftware: isFallbackAdapter || /swiftshader|llvmpipe|lavapipe/i.test(name),
    description: name,
  };
}
