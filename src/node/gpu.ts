/**
 * WebGPU in Node: find an adapter, or say what to install.
 *
 * Search order: the system's own (a GPU, else a software driver) → packaged SwiftShader → error.
 * `TG_ADAPTER=auto|hardware|system|swiftshader` narrows it; an explicit option wins over that.
 */
import { DeviceError } from "../engine/errors.ts";
import {
  pointLoaderAt,
  preloadSwiftShader,
  swiftShaderPackage,
  useSystemDrivers,
} from "./swiftshader.ts";

const choices = ["auto", "hardware", "system", "swiftshader"] as const;
/** hardware: a real GPU only; system: also a software driver of the system; auto: any. */
export type AdapterChoice = (typeof choices)[number];
/** What an adapter is: a GPU, a software driver of the system, or SwiftShader. */
export type AdapterSource = Exclude<AdapterChoice, "auto">;

export interface NodeGpuOptions {
  adapter?: AdapterChoice;
  powerPreference?: GPUPowerPreference;
  /** Dawn toggles to enable, as in `TG_DAWN_FEATURES=a,b`. */
  dawnFeatures?: string[];
}

export interface NodeGpu {
  gpu: GPU;
  /** Fresh for every call: a device consumes its adapter. */
  adapter: GPUAdapter;
  source: AdapterSource;
  description: string;
  /** Why earlier places of the search order gave nothing. */
  passedOver: string[];
}

/** The first adapter in search order that `options.adapter` or `TG_ADAPTER` allows. */
export async function nodeGpu(options: NodeGpuOptions = {}): Promise<NodeGpu> {
  const choice = options.adapter ?? choiceFromEnvironment();
  const dawn = await loadDawn();
  const passedOver: string[] = [];
  for (const place of placesFor(choice)) {
    const found = await search(dawn, place, options);
    if (typeof found === "string") passedOver.push(found);
    else if (!allows(choice, found.source)) passedOver.push(`${place}: ${found.description}`);
    else return { ...found, passedOver };
  }
  throw new DeviceError(
    `webgpu: expected ${choice === "auto" ? "an" : `a ${choice}`} adapter, got none ` +
      `(${passedOver.join("; ")}); ${remedies}`,
  );
}

export interface AdapterReport {
  source: AdapterSource;
  description: string;
  /** The one that `nodeGpu` would return. */
  chosen: boolean;
  features: string[];
  limits: Record<string, number>;
}

/** Everything the search order can find on this machine, for the `devices` command. */
export async function listAdapters(options: NodeGpuOptions = {}): Promise<AdapterReport[]> {
  const dawn = await loadDawn();
  const adapter = options.adapter ?? choiceFromEnvironment();
  const chosen = await nodeGpu({ ...options, adapter }).catch(() => undefined);
  const reports = new Map<string, AdapterReport>();
  for (const place of placesFor("auto")) {
    // a second adapter of a machine shows only when asked for
    for (const powerPreference of ["high-performance", "low-power"] as const) {
      const found = await search(dawn, place, { ...options, powerPreference });
      if (typeof found === "string") continue;
      const { source, description, adapter } = found;
      reports.set(description, {
        source,
        description,
        chosen: description === chosen?.description,
        features: [...adapter.features].sort(),
        limits: limitsOf(adapter),
      });
    }
  }
  // child processes inherit the setting, and it would hide a GPU from them
  if (chosen?.source !== "swiftshader") pointLoaderAt(undefined);
  return [...reports.values()];
}

type Place = "system" | "swiftshader";

function placesFor(choice: AdapterChoice): Place[] {
  if (choice === "auto") return ["system", "swiftshader"];
  return [choice === "swiftshader" ? "swiftshader" : "system"];
}

function allows(choice: AdapterChoice, source: AdapterSource): boolean {
  if (choice === "hardware" || choice === "swiftshader") return source === choice;
  return true;
}

/** What one place has, or why it has nothing. */
async function search(
  dawn: Dawn,
  place: Place,
  options: NodeGpuOptions,
): Promise<Omit<NodeGpu, "passedOver"> | string> {
  try {
    const gpu = instance(dawn, place, options);
    const { powerPreference = "high-performance" } = options;
    const adapter = await gpu.requestAdapter({ powerPreference });
    if (adapter === null) return `${place}: no adapter that WebGPU accepts`;
    return { gpu, adapter, source: sourceOf(adapter.info), description: describe(adapter.info) };
  } catch (error) {
    return (error as Error).message;
  }
}

/**
 * What `create()` returned, kept as long as the process lives. If Dawn's instance is collected
 * before its devices are, the process dies at exit with SIGSEGV.
 */
const instances = new Map<string, GPU>();

function instance(dawn: Dawn, place: Place, options: NodeGpuOptions): GPU {
  const features = options.dawnFeatures?.join(",") ?? process.env.TG_DAWN_FEATURES ?? "";
  const key = `${place} ${features}`;
  const existing = instances.get(key);
  if (existing !== undefined) return existing;

  if (place === "swiftshader") preloadSwiftShader();
  else useSystemDrivers();
  const flags = ["disable-dawn-features=timestamp_quantization"]; // else times are multiples of 65 µs
  if (features !== "") flags.push(`enable-dawn-features=${features}`);
  const gpu = dawn.create(flags);
  instances.set(key, gpu);
  return gpu;
}

interface Dawn {
  create(flags: string[]): GPU;
  globals: Record<string, unknown>;
}

/** An optional peer, which throws where it has no binary: so never a static import. */
async function loadDawn(): Promise<Dawn> {
  const name = "webgpu";
  const dawn: Dawn = await import(name).catch((cause: Error) => {
    const reason = cause.message.split("\n")[0];
    throw new DeviceError(`webgpu: package cannot be loaded; npm i webgpu (${reason})`, { cause });
  });
  // GPUBufferUsage and its like, which browsers have as globals
  for (const [key, value] of Object.entries(dawn.globals))
    if (!(key in globalThis)) Object.defineProperty(globalThis, key, { value, configurable: true });
  return dawn;
}

const remedies =
  "install a GPU driver; " +
  "or on Debian 12: apt-get install -t bookworm-backports mesa-vulkan-drivers; " +
  `or on linux-x64: npm i -D ${swiftShaderPackage}`;

function choiceFromEnvironment(): AdapterChoice {
  const value = process.env.TG_ADAPTER || "auto";
  const choice = choices.find((known) => known === value);
  if (choice !== undefined) return choice;
  throw new DeviceError(`TG_ADAPTER: expected ${choices.join("|")}, got ${value}`);
}

/** Tell a GPU from a driver that computes on the CPU; not every one of those says so. */
export function sourceOf(info: Partial<GPUAdapterInfo>): AdapterSource {
  const { vendor, architecture, device, description, isFallbackAdapter } = info;
  const { adapterType } = info as { adapterType?: string };
  const text = [vendor, architecture, device, description].join(" ");
  if (/swiftshader/i.test(text)) return "swiftshader";
  const isSoftware = isFallbackAdapter || adapterType === "CPU";
  return isSoftware || /llvmpipe|lavapipe|basic render/i.test(text) ? "system" : "hardware";
}

function describe({ vendor, device, description }: GPUAdapterInfo): string {
  const name = device.replace(/-+$/, "") || vendor;
  return [name, description].filter((part) => part !== "").join(", ");
}

function limitsOf(adapter: GPUAdapter): Record<string, number> {
  const limits: Record<string, number> = {};
  for (const name in adapter.limits) {
    const value = adapter.limits[name as keyof GPUSupportedLimits];
    if (typeof value === "number") limits[name] = value;
  }
  return limits;
}
