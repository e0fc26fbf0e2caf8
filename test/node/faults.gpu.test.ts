import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { root, startChild, tsx } from "./child.ts";

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "trackgrad-"));
  path = join(folder, "file");
});
afterEach(() => rmSync(folder, { recursive: true }));

test("a file that is rewritten is whole at any moment, also when its writer is killed", async () => {
  const expectWhole = () => {
    const bytes = readFileSync(path);
    expect(bytes.length).toBe(2 ** 21);
    expect(bytes.equals(Buffer.alloc(2 ** 21, bytes[0]))).toBe(true);
  };
  for (const reads of [1, 50, 200]) {
    const child = startChild("rewrite.ts", { args: [path] });
    await new Promise((started) => child.stdout!.once("data", started));
    try {
      for (let i = 0; i < reads; i++) expectWhole();
    } finally {
      child.kill("SIGKILL");
      await new Promise((ended) => child.once("close", ended));
    }
    expectWhole();
  }
});

test.runIf(process.platform === "linux")("a full disk keeps the old file and no half", () => {
  writeFileSync(path, "old");
  const code = `
    const { writeAtomic } = await import(${JSON.stringify(join(root, "src/node/files.ts"))});
    try { writeAtomic(${JSON.stringify(path)}, new Uint8Array(1e6)); }
    catch (error) { console.log(error.message); }`;
  // a limit on the size of files stands for the disk: 100 blocks, and an error instead of a signal
  const command = `trap "" XFSZ; ulimit -f 100; exec "$0" --import "$1" --input-type=module -e "$2"`;
  const { stdout, stderr } = spawnSync("bash", ["-c", command, process.execPath, tsx, code], {
    encoding: "utf8",
  });
  expect(stderr).toBe("");
  expect(stdout).toContain(`${path}: cannot be written (EFBIG`);
  expect(readFileSync(path, "utf8")).toBe("old");
  expect(readdirSync(folder)).toEqual(["file"]);
});
