/**
 * SwiftShader, a Vulkan driver in software, from the npm package @sparticuz/chromium: WebGPU on a
 * machine without any driver, without root and without a Vulkan loader.
 *
 * The package's archive holds a loader (libvulkan.so.1) beside the driver. Dawn opens the loader by
 * its bare name, so mapping ours into the process beforehand is enough for Dawn to find it.
 */
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { constants, homedir } from "node:os";
import { join } from "node:path";
import { isMainThread } from "node:worker_threads";
import { brotliDecompressSync } from "node:zlib";
import { DeviceError } from "../engine/errors.ts";
import { writeAtomic } from "./files.ts";

/** The one package that is known to carry the archive and to install on Node 20. */
export const swiftShaderPackage = "@sparticuz/chromium@147.0.0";

const icdFile = "vk_swiftshader_icd.json"; // tells the loader where the driver is
const files = ["libvulkan.so.1", "libvk_swiftshader.so", icdFile];

/** Where the package is installed, seen from this file or from the working directory. */
export function findSwiftShader(): { archive: string; version: string } | undefined {
  const name = "@sparticuz/chromium";
  // looked up folder by folder, because the package does not export its bin folder
  const folders = [import.meta.url, join(process.cwd(), "index.js")].flatMap(
    (from) => createRequire(from).resolve.paths(name) ?? [],
  );
  for (const folder of folders) {
    const archive = join(folder, name, "bin", "swiftshader.tar.br");
    if (!existsSync(archive)) continue;
    const { version } = JSON.parse(readFileSync(join(folder, name, "package.json"), "utf8"));
    return { archive, version };
  }
  return undefined;
}

/** Unpack the driver into the user's cache, unless it is there; returns its folder. */
export function unpackSwiftShader(): string {
  const found = findSwiftShader();
  if (found === undefined) throw new DeviceError(`swiftshader: ${swiftShaderPackage} not found`);
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), ".cache");
  const folder = join(cache, "trackgrad", `swiftshader-${found.version}`);
  const missing = files.filter((file) => !existsSync(join(folder, file)));
  if (missing.length === 0) return folder;
  try {
    const archive = brotliDecompressSync(readFileSync(found.archive));
    mkdirSync(folder, { recursive: true });
    // file by file: processes that unpack at the same time replace equal files by equal files
    for (const file of missing) writeAtomic(join(folder, file), tarEntry(archive, file));
  } catch (error) {
    const reason = (error as Error).message;
    throw new DeviceError(
      `swiftshader: cannot unpack to ${folder} (${reason}; set XDG_CACHE_HOME to a writable folder)`,
      { cause: error },
    );
  }
  return folder;
}

/** Make Vulkan instances created from now on find SwiftShader. */
export function preloadSwiftShader(): void {
  // a worker cannot change the process's environment, but sees what the main thread prepared
  if (!isMainThread && hasVulkanLoader()) return;
  if (!isMainThread)
    throw new DeviceError(
      "swiftshader: in a worker thread (call nodeGpu on the main thread first)",
    );
  if (process.platform !== "linux" || process.arch !== "x64")
    throw new DeviceError(
      `swiftshader: packaged for linux-x64, not ${process.platform}-${process.arch}`,
    );
  const folder = unpackSwiftShader();
  hasVulkanLoader(); // asked before ours is mapped
  pointLoaderAt(join(folder, icdFile));
  const { RTLD_NOW, RTLD_GLOBAL } = constants.dlopen;
  const RTLD_NODELETE = 0x1000; // Linux; Node closes what is no addon of its own, this keeps it
  const path = join(folder, "libvulkan.so.1");
  const failure = openLibrary(path, RTLD_NOW | RTLD_GLOBAL | RTLD_NODELETE);
  if (failure !== undefined) throw new DeviceError(`swiftshader: ${failure}`);
}

/** Make Vulkan instances created from now on find what the user has installed. */
export function useSystemDrivers(): void {
  pointLoaderAt(undefined);
  if (process.platform === "linux" && !hasVulkanLoader())
    throw new DeviceError("system: no Vulkan loader (libvulkan.so.1)");
}

const userDrivers = process.env.VK_DRIVER_FILES;
const userIcds = process.env.VK_ICD_FILENAMES; // the same, as older loaders call it

/** Choose the drivers that the Vulkan loader looks at; undefined = those of the user. */
export function pointLoaderAt(icd: string | undefined): void {
  setVariable("VK_DRIVER_FILES", icd ?? userDrivers);
  setVariable("VK_ICD_FILENAMES", icd ?? userIcds);
}

function setVariable(name: string, value: string | undefined): void {
  if (value === undefined) delete process.env[name];
  else process.env[name] = value;
}

let systemLoader: boolean | undefined;

/** Whether the system has a Vulkan loader. Dawn finds out too, but prints a warning. */
function hasVulkanLoader(): boolean {
  systemLoader ??= openLibrary("libvulkan.so.1", constants.dlopen.RTLD_LAZY) === undefined;
  return systemLoader;
}

/** Open a plain shared library; returns why it failed. */
function openLibrary(path: string, flags: number): string | undefined {
  try {
    process.dlopen({ exports: {} }, path, flags);
  } catch (error) {
    const { message } = error as Error;
    // dlopen is meant for Node addons and complains that this is none, after having loaded it
    if (!message.includes("did not self-register")) return message;
  }
  return undefined;
}

/** One file of a tar archive: 512-byte blocks, header then content, names and octal sizes in text. */
function tarEntry(archive: Uint8Array, wanted: string): Uint8Array {
  const text = (from: number, to: number) =>
    Buffer.from(archive.subarray(from, to)).toString("latin1").replace(/\0.*$/s, "");
  for (let header = 0; header + 512 <= archive.length; ) {
    const name = text(header, header + 100);
    const size = Number.parseInt(text(header + 124, header + 136), 8);
    if (name === "" || Number.isNaN(size)) break; // the end is a block of zeros
    const start = header + 512;
    if (name.replace(/^\.\//, "") === wanted) return archive.subarray(start, start + size);
    header = start + Math.ceil(size / 512) * 512;
  }
  throw new DeviceError(`swiftshader: archive holds no ${wanted}`);
}
