import { type ChildProcess, spawn } from "node:child_process";
import { join, resolve } from "node:path";

export const root = resolve(import.meta.dirname, "../..");
/** The loader of TypeScript, by path so that it works from any folder. */
export const tsx = join(root, "node_modules/tsx/dist/loader.mjs");

export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export interface ChildOptions {
  args?: string[];
  flags?: string[];
  env?: Record<string, string>;
  cwd?: string;
}

export function startChild(script: string, options: ChildOptions = {}): ChildProcess {
  const { args = [], flags = [], env = {}, cwd = root } = options;
  const file = resolve(import.meta.dirname, "children", script);
  // this process's own choice of adapter must not decide what the child finds
  const { VK_DRIVER_FILES: _, VK_ICD_FILENAMES: __, ...inherited } = process.env;
  return spawn(process.execPath, ["--import", tsx, ...flags, file, ...args], {
    cwd,
    env: { ...inherited, ...env },
  });
}

/** Run one of the scripts in `children` to its end. */
export function runChild(script: string, options: ChildOptions = {}): Promise<Ended> {
  const child = startChild(script, options);
  const [stdout, stderr] = [child.stdout!, child.stderr!].map((stream) => {
    const chunks: Buffer[] = [];
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    return () => Buffer.concat(chunks).toString();
  });
  return new Promise((done) => {
    child.on("close", (code, signal) =>
      done({ code, signal, stdout: stdout!(), stderr: stderr!() }),
    );
  });
}
