import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { loadParameters, parameters, train } from "../../src/index.ts";
import { loadCheckpoint } from "../../src/node/checkpoints.ts";
import { RunDirectory } from "../../src/node/runDirectory.ts";
import { crc32c, EventFile } from "../../src/node/tensorboard.ts";
import { loadWeights, saveParameters } from "../../src/node/weights.ts";
import { useDevice } from "../helpers/backends.ts";
import { bitsOf, tinyTraining } from "./tinyTraining.ts";

const device = useDevice("js");
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "trackgrad-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const checkpoints = () => readdirSync(join(folder, "checkpoints")).sort();
const metrics = () => readFileSync(join(folder, "metrics.jsonl"), "utf8");

async function run(epochs: number): Promise<Record<string, number[]>> {
  const store = new RunDirectory(folder, { config: "lr: 0.02\n" });
  const options = tinyTraining(epochs);
  await train({ ...options, store, onEpoch: (report) => store.log({ ...report }) });
  store.close();
  return bitsOf(options.model);
}

test("a run directory holds config, checkpoints, metrics and events, and resumes", async () => {
  await run(1);
  const resumed = await run(3);
  expect(readFileSync(join(folder, "config.yaml"), "utf8")).toBe("lr: 0.02\n");
  expect(checkpoints()).toEqual(["best.safetensors", "last.safetensors"]);
  expect(readdirSync(folder).filter((file) => file.startsWith("events.out.tfevents.")).length).toBe(
    2,
  );
  const lines = metrics()
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(lines.map(({ epoch, step }) => [epoch, step])).toEqual([
    [0, 5],
    [1, 10],
    [2, 15],
  ]);
  rmSync(folder, { recursive: true });
  expect(await run(3)).toEqual(resumed);
});

test("what a killed process logged after its checkpoint, or wrote half, is dropped", async () => {
  await run(2);
  const logged = metrics();
  appendFileSync(join(folder, "metrics.jsonl"), '{"step":11,"loss":1}\n{"step":12,"lo');
  writeFileSync(join(folder, "checkpoints/.last.safetensors.0123456789ab.tmp"), "half");
  const store = new RunDirectory(folder);
  expect((await store.load())?.state.epoch).toBe(2);
  expect(metrics()).toBe(logged);
  expect(checkpoints()).toEqual(["best.safetensors", "last.safetensors"]);
});

test("a checkpoint is a file of weights too", async () => {
  const bits = await run(1);
  const { model } = tinyTraining(1);
  const path = join(folder, "checkpoints/last.safetensors");
  loadParameters(model, (await loadWeights(path)).tensors, path);
  expect(await bitsOf(model)).toEqual(bits);
  expect([...parameters(model).values()].every(({ dtype }) => dtype === "f32")).toBe(true);
});

test("weights alone are no checkpoint", async () => {
  const path = join(folder, "weights.safetensors");
  await saveParameters(path, tinyTraining(1).model);
  expect((await loadWeights(path)).tensors.has("1.running_mean")).toBe(true);
  await expect(loadCheckpoint(path)).rejects.toThrow(
    `${path}: expected a checkpoint of a training, got weights alone`,
  );
  expect(device().closed).toBe(false);
});

test("crc32c of the test vector", () => {
  expect(crc32c(new TextEncoder().encode("123456789"))).toBe(0xe3069283);
});

/** Records of an event file; checks lengths and crcs. */
function records(path: string): Uint8Array[] {
  const bytes = readFileSync(path);
  const masked = (data: Uint8Array) => {
    const crc = crc32c(data);
    return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
  };
  const found: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = Number(bytes.readBigUInt64LE(at));
    expect(bytes.readUInt32LE(at + 8)).toBe(masked(bytes.subarray(at, at + 8)));
    const data = bytes.subarray(at + 12, at + 12 + length);
    expect(bytes.readUInt32LE(at + 12 + length)).toBe(masked(data));
    found.push(data);
    at += 16 + length;
  }
  return found;
}

test("an event file has a version, a start after resuming, and scalars", () => {
  const file = new EventFile(folder, { firstStep: 7, now: () => 1_700_000_000_500 });
  file.scalar("loss", 0.5, 300);
  file.close();
  expect(file.path).toContain("events.out.tfevents.1700000000.");
  const [version, start, scalar] = records(file.path).map((data) => Buffer.from(data));
  // wall time: field 1, double
  expect([version[0], version.readDoubleLE(1)]).toEqual([9, 1_700_000_000.5]);
  expect(version.subarray(9).toString("latin1")).toBe("\x10\x00\x1a\x0dbrain.Event:2");
  expect([...start.subarray(9)]).toEqual([0x10, 7, 0x3a, 2, 0x08, 1]);
  const value = [0x0a, 4, ...Buffer.from("loss"), 0x15, 0, 0, 0, 0x3f];
  expect([...scalar.subarray(9)]).toEqual([
    ...[0x10, 0xac, 0x02], // 300
    ...[0x2a, value.length + 2, 0x0a, value.length, ...value],
  ]);
});
