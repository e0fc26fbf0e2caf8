import { afterAll, beforeAll } from "vitest";
import type { BackendName, Device } from "../../src/index.ts";
import { openDevice } from "../../src/node/open.ts";

/** Opens a backend for the tests of this file, or of the enclosing suite, and closes it after them. */
export function useDevice(backend: BackendName): () => Device {
  let device: Device;
  beforeAll(async () => {
    device = await openDevice({ backend });
  });
  afterAll(() => device?.close());
  return () => device;
}

/** Runs `task` with environment switches set; they are read whenever a graph is computed. */
export async function withEnv<T>(
  switches: Record<string, string>,
  task: () => Promise<T>,
): Promise<T> {
  const before = Object.keys(switches).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, switches);
  try {
    return await task();
  } finally {
    for (const [name, value] of before)
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
  }
}
