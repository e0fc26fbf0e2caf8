import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { type BrowserServer, chromium, type LaunchOptions } from "playwright-core";

const args = [
  "--no-sandbox", // as root, in a container, there is none
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  // software adapters for WebGPU and WebGL, the same ones on every machine
  "--enable-unsafe-webgpu",
  "--use-webgpu-adapter=swiftshader",
  "--use-angle=swiftshader",
  "--enable-unsafe-swiftshader",
];
const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

const remedies =
  "set CHROMIUM to a browser's path, install one (Debian: apt-get install chromium), or install this " +
  "project's development dependencies on linux-x64, where one is packed";

export interface Found {
  server: BrowserServer;
  path: string;
}

/** The first Chromium that starts: $CHROMIUM, one on the path, Chrome where it is installed, the packed one. */
export async function startChromium(): Promise<Found | { problem: string }> {
  const problems: string[] = [];
  for await (const { path, options } of candidates()) {
    try {
      return { server: await chromium.launchServer({ ...options, args }), path };
    } catch {
      problems.push(`${path}, which does not start`);
    }
  }
  return { problem: `expected a Chromium, got ${problems.join(" and ") || "none"} (${remedies})` };
}

async function* candidates(): AsyncGenerator<{ path: string; options: LaunchOptions }> {
  const { CHROMIUM: chosen, PATH = "" } = process.env;
  if (chosen) {
    yield { path: chosen, options: { executablePath: chosen } };
    return; // who names one wants that one
  }
  for (const name of names)
    for (const folder of PATH.split(delimiter)) {
      const path = join(folder, name);
      if (existsSync(path)) yield { path, options: { executablePath: path } };
    }
  if (process.platform !== "linux") yield { path: "Chrome", options: { channel: "chrome" } };
  if (process.platform === "linux" && process.arch === "x64") yield packed();
}

async function packed() {
  const { default: lambda } = await import("@sparticuz/chromium");
  const executablePath = await lambda.executablePath(); // unpacks it once
  return { path: `${executablePath}, the packed one`, options: { executablePath } };
}
