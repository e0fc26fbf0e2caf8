import { env } from "../engine/env.ts";
import { mostThreads, threadsFor } from "../engine/runtime/open.ts";
import { hasWasm } from "../index.ts";
import { listAdapters } from "../node/gpu.ts";
import { nodeThreads } from "../node/threads.ts";
import { type CommonOptions, print, type Verb, withCommonOptions } from "./command.ts";
import { table } from "./table.ts";

const shownLimits = [
  "maxStorageBufferBindingSize",
  "maxBufferSize",
  "maxStorageBuffersPerShaderStage",
  "maxComputeInvocationsPerWorkgroup",
] as const;

export const devices: Verb = (program) => {
  const command = program
    .command("devices")
    .description("backends and adapters found, the one chosen and why, limits");
  withCommonOptions(command).action(run);
};

async function run(options: CommonOptions): Promise<void> {
  const { adapters, problem } = await listAdapters().then(
    (found) => ({ adapters: found, problem: undefined }),
    (error: Error) => ({ adapters: [], problem: error.message }),
  );
  const real = adapters.find(({ source }) => source === "hardware");
  const cpu = hasWasm() ? "wasm" : "js";
  const auto = real ? "webgpu" : cpu;
  const noGpu =
    adapters.length > 0
      ? "no real GPU; a software adapter is slower than the processor itself and is used only when asked for"
      : `no WebGPU adapter${problem ? ` (${problem})` : ""}`;
  const noWasm = cpu === "js" ? "; no vectors in this engine's WebAssembly" : "";
  const { count: threads } = threadsFor({ threadHost: nodeThreads, ...chosenThreads(options) });
  const why = real ? `a real GPU: ${real.description}` : noGpu + noWasm;
  const document = {
    auto: { backend: auto, why },
    threads: { wasm: threads, cores: nodeThreads.cores, why: whyThreads(options) },
    backends: hasWasm() ? ["webgpu", "wasm", "js"] : ["webgpu", "js"],
    adapters: adapters.map(({ limits, ...adapter }) => ({
      ...adapter,
      limits: Object.fromEntries(shownLimits.map((name) => [name, limits[name]])),
    })),
  };
  const shared = threads === 1 ? "one thread" : `${threads} threads`;
  print(options, document, () => {
    const rows = adapters.map(({ source, description, chosen, limits, features }) => [
      chosen ? "webgpu →" : "webgpu",
      source,
      description,
      `${Math.round(limits.maxStorageBufferBindingSize / 2 ** 20)} MiB`,
      features.filter((f) => /^(shader-f16|subgroups|timestamp-query)$/.test(f)).join(" ") || "–",
    ]);
    const vectors = ["cpu", `WebAssembly with vectors, f32, ${shared}`, "–", "–"];
    if (hasWasm()) rows.push([auto === "wasm" ? "wasm →" : "wasm", ...vectors]);
    rows.push([auto === "js" ? "js →" : "js", "cpu", "generated JavaScript, f32 or f64", "–", "–"]);
    return `${table(["backend", "kind", "adapter", "binding", "features"], rows)}\n\n--device auto takes ${auto}: ${why}\nwasm takes ${shared}: ${whyThreads(options)}`;
  });
}

const chosenThreads = ({ threads }: CommonOptions) => (threads ? { threads } : {});

function whyThreads({ threads }: CommonOptions): string {
  if (threads) return "--threads";
  if (env.threads()) return "TG_THREADS";
  return `of ${nodeThreads.cores} cores, at most ${mostThreads}`;
}
