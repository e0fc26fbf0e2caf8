/** TG_TRACE=file: a timeline in the format that Chrome's trace viewer and Perfetto open. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { explain, softmax, tensor, traceText } from "../../src/index.ts";
import { openDevice } from "../../src/node/open.ts";
import { withEnv } from "../helpers/backends.ts";
import { root, runChild } from "./child.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "trackgrad-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Entry {
  name: string;
  ph: string;
  pid: number;
  tid: number;
  ts: number;
  dur: number;
  args: { name?: string };
}

/** Spans by the name of their row; the rows of other devices are left out. */
function rowsOf(text: string, device: RegExp): Map<string, Entry[]> {
  const { traceEvents } = JSON.parse(text) as { traceEvents: Entry[] };
  const named = (what: string) => traceEvents.filter(({ name }) => name === what);
  const { pid } = named("process_name").find(({ args }) => device.test(args.name!))!;
  const rows = named("thread_name").filter((row) => row.pid === pid);
  return new Map(
    rows.map(({ tid, args }) => [
      args.name!,
      traceEvents.filter((entry) => entry.ph === "X" && entry.pid === pid && entry.tid === tid),
    ]),
  );
}

describe.each(["js", "webgpu"] as const)("%s", (backend) => {
  test("a step has its planning, compiling, submission, launches and read-back on the timeline", async () => {
    const before = performance.now();
    const path = join(folder, "trace.json"); // the first path named is the one of the process
    await withEnv({ TG_TRACE: path }, async () => {
      const device = await openDevice({ backend });
      const x = tensor(
        Float32Array.from({ length: 4096 }, (_, i) => Math.sin(i)),
        [64, 64],
      );
      await softmax(x).mul(2).sum({ axes: 0 }).data();
      const { launches } = device.stats();
      await device.close();
      const text = readFileSync(path, "utf8");
      expect(text).toBe(traceText());
      const rows = rowsOf(text, new RegExp(`^${backend}: `));
      expect([...rows.keys()]).toEqual(["plan", "compile", "submit", "device", "read"]);
      for (const row of ["plan", "compile", "submit", "read"])
        expect(rows.get(row)!.length, row).toBe(1);
      expect(rows.get("device")!.length).toBe(launches);
      for (const { ts, dur } of [...rows.values()].flat()) {
        expect(ts).toBeGreaterThanOrEqual(1000 * before);
        expect(dur).toBeGreaterThanOrEqual(0);
        expect(ts + dur).toBeLessThanOrEqual(1000 * performance.now());
      }
      const [submit] = rows.get("submit")!;
      for (const { ts } of rows.get("device")!) expect(ts).toBeGreaterThanOrEqual(submit!.ts);
      expect(rows.get("read")![0]!.name).toBe("f32 [64]");
    });
  });

  test("explain measures its launches when asked, and keeps nothing", async () => {
    const device = await openDevice({ backend });
    const y = softmax(
      tensor(
        Float32Array.from({ length: 4096 }, (_, i) => Math.sin(i)),
        [64, 64],
      ),
    );
    const plain = await explain([y]);
    expect(plain.launches.map(({ ms }) => ms)).toEqual([null]);
    const measured = await explain([y], { measure: true });
    expect(measured.launches[0]!.ms).toBeGreaterThan(0);
    expect(measured.text).toMatch(/; \d+\.\d{3} ms$/m);
    expect(`${y}`).toMatch(/lazy$/);
    expect((await y.data())[0]).toBeGreaterThan(0);
    await device.close();
  });

  test("TG_DEBUG=2 prints a line per launch", async () => {
    const lines: string[] = [];
    const { error } = console;
    console.error = (line: string) => lines.push(line);
    try {
      await withEnv({ TG_DEBUG: "2" }, async () => {
        const device = await openDevice({ backend });
        await tensor([1, 2, 3]).add(1).data();
        await device.close();
      });
    } finally {
      console.error = error;
    }
    expect(lines.join("\n")).toMatch(
      /^trackgrad: add #\d+ f32 \[3\] \d+\.\d{3} ms \d+\.\d GB\/s$/m,
    );
  });
});

test("a process that leaves its device open writes the timeline when it ends", async () => {
  const path = join(folder, "left.json");
  const script = join(root, "test/engine/children/device.ts");
  const { code } = await runChild(script, { args: ["leave"], env: { TG_TRACE: path } });
  expect(code).toBe(0);
  expect(rowsOf(readFileSync(path, "utf8"), /^webgpu: /).get("submit")!.length).toBe(1);
});
