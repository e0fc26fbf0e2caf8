import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { AdapterReport } from "../../src/node/gpu.ts";
import { findSwiftShader } from "../../src/node/swiftshader.ts";
import { root, runChild } from "./child.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "trackgrad-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const compute = async (options: Parameters<typeof runChild>[1] = {}) => {
  const { code, signal, stdout, stderr } = await runChild("compute.ts", options);
  expect({ code, signal, stderr }).toMatchObject({ code: 0, signal: null });
  return JSON.parse(stdout);
};

test("a process that computes and destroys its device ends by itself", async () => {
  const report = await compute();
  console.log(`adapter: ${report.description} (${report.source})`);
  expect(report.result).toEqual([2, 4, 6, 8]);
});

test("the list of adapters marks the chosen one and shows its limits", async () => {
  const { adapters, description, source } = await compute();
  const chosen = adapters.filter((adapter: AdapterReport) => adapter.chosen);
  expect(chosen).toMatchObject([{ description, source }]);
  expect(chosen[0].limits.maxBufferSize).toBeGreaterThanOrEqual(2 ** 28);
  expect(chosen[0].features).toContain("core-features-and-limits");
});

test("forced garbage collection does not end a device early or crash at exit", async () => {
  for (let i = 0; i < 3; i++) {
    const report = await compute({ flags: ["--expose-gc"] });
    expect(report.result).toEqual([2, 4, 6, 8]);
  }
});

test("without any driver the error names the three remedies", async () => {
  const nowhere = join(folder, "no-driver.json");
  const env = { VK_DRIVER_FILES: nowhere, VK_ICD_FILENAMES: nowhere, TG_ADAPTER: "system" };
  const report = await compute({ env });
  if (process.platform !== "linux") return; // elsewhere drivers are found in other ways
  expect(report.name).toBe("DeviceError");
  expect(report.message).toMatch(/^webgpu: expected a system adapter, got none \(system: no /);
  expect(report.message).toMatch(
    /GPU driver; .*mesa-vulkan-drivers; .*npm i -D @sparticuz\/chromium/,
  );
});

test("an unknown choice in TG_ADAPTER is an error", async () => {
  const report = await compute({ env: { TG_ADAPTER: "fast" } });
  expect(report.message).toBe("TG_ADAPTER: expected auto|hardware|system|swiftshader, got fast");
});

test("without the webgpu package the error says what to install", async () => {
  // a copy of the sources, outside of the reach of node_modules
  const copy = join(folder, "copy");
  for (const part of [
    "src/node",
    "src/engine/formats",
    "src/engine/errors.ts",
    "test/node/children",
  ])
    cpSync(join(root, part), join(copy, part), { recursive: true });
  writeFileSync(join(copy, "package.json"), '{ "type": "module" }');
  const script = join(copy, "test/node/children/compute.ts");
  const { stdout } = await runChild(script, { cwd: copy });
  expect(JSON.parse(stdout).name).toBe("DeviceError");
  expect(JSON.parse(stdout).message).toMatch(/^webgpu: package cannot be loaded; npm i webgpu \(/);
});

const isPackaged =
  process.platform === "linux" && process.arch === "x64" && findSwiftShader() !== undefined;
if (!isPackaged) console.log("packaged SwiftShader: absent, its tests are skipped");

describe.runIf(isPackaged)("packaged SwiftShader", () => {
  const files = ["libvk_swiftshader.so", "libvulkan.so.1", "vk_swiftshader_icd.json"];
  const cacheOf = (name: string) => {
    const cache = join(folder, name);
    const env = { XDG_CACHE_HOME: cache, TG_ADAPTER: "swiftshader" };
    const unpacked = join(cache, "trackgrad", `swiftshader-${findSwiftShader()!.version}`);
    return { env, unpacked };
  };

  test("processes may unpack it at the same time", async () => {
    const { env, unpacked } = cacheOf("together");
    const reports = await Promise.all([compute({ env }), compute({ env }), compute({ env })]);
    for (const { source, result } of reports) {
      expect(source).toBe("swiftshader");
      expect(result).toEqual([2, 4, 6, 8]);
    }
    expect(readdirSync(unpacked).sort()).toEqual(files); // and nothing temporary
  });

  test("a file missing from the cache is unpacked again", async () => {
    const { env, unpacked } = cacheOf("broken");
    await compute({ env });
    rmSync(join(unpacked, "libvulkan.so.1"));
    expect((await compute({ env })).source).toBe("swiftshader");
    expect(existsSync(join(unpacked, "libvulkan.so.1"))).toBe(true);
  });

  test("a cache that cannot be written is named", async () => {
    const { env } = cacheOf("file");
    writeFileSync(env.XDG_CACHE_HOME, "not a folder");
    const { name, message } = await compute({ env });
    expect(name).toBe("DeviceError");
    expect(message).toMatch(/cannot unpack to .*set XDG_CACHE_HOME to a writable folder/);
  });

  test("a worker finds it if the main thread has prepared it, and else says so", async () => {
    const prepared = await runChild("worker.ts", { args: ["prepare"] });
    expect(prepared).toMatchObject({ code: 0, stdout: '{"source":"swiftshader"}\n' });
    const alone = await runChild("worker.ts");
    expect(alone.code).toBe(0);
    const { message, source } = JSON.parse(alone.stdout);
    // a system loader would do, but only with a SwiftShader installed beside it
    expect(source ?? message).toMatch(/main thread first|got none/);
  });
});
