/** Before the GPU tests: says once which adapter they run on, or fails with what to install. */
import { runChild } from "../node/child.ts";

export async function setup(): Promise<void> {
  // in a process of its own: Dawn would keep this one alive, and the choice of driver is inherited
  const { VK_DRIVER_FILES, VK_ICD_FILENAMES } = process.env; // those of the user count here
  const env = JSON.parse(JSON.stringify({ VK_DRIVER_FILES, VK_ICD_FILENAMES }));
  const { stdout, stderr, code } = await runChild("compute.ts", { env });
  if (code !== 0) throw new Error(`webgpu: expected an adapter that computes, got:\n${stderr}`);
  const { description, source, message } = JSON.parse(stdout);
  if (message !== undefined) throw new Error(message);
  console.log(`webgpu adapter: ${description} (${source})`);
}
