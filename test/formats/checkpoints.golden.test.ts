/**
 * Published checkpoints against what PyTorch says is in them. A case is a JSON file with the keys
 * `checkpoint` and `state_dict`; the checkpoint lies beside it under that name.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import type { HostTensor } from "../../src/engine/formats/hostTensor.ts";
import { readSafetensors, writeSafetensors } from "../../src/engine/formats/safetensors.ts";
import { readTorchCheckpoint, stateDict } from "../../src/engine/formats/torchCheckpoint.ts";
import { readZip } from "../../src/engine/formats/zip.ts";
import { zipOf } from "./archive.ts";
import { fuzz } from "./mutate.ts";

const root = resolve(import.meta.dirname, "../..");
const folders = [
  resolve(root, process.env.TG_FIXTURES || "../shared/fixtures"),
  join(root, "test/fixtures"),
].filter((folder) => existsSync(folder));
const files = folders.flatMap((folder) =>
  readdirSync(folder, { recursive: true, encoding: "utf8" }).map((file) => join(folder, file)),
);
const label = (file: string) => relative(root, file);

interface Summary {
  shape: number[];
  sum: number;
  sum_abs: number;
  first: number;
}
interface Case {
  checkpoint: string;
  state_dict: Record<string, Summary>;
  checkpoint_file?: {
    epoch: number;
    count: number;
    train_losses_last: number;
    val_losses_last: number;
    n_losses: number;
    optimizer_step: number;
  };
}

const cases = files
  .filter((file) => file.endsWith(".json"))
  .map((file) => ({ file, content: JSON.parse(readFileSync(file, "utf8")) }))
  .filter(({ content }) => content?.checkpoint && content.state_dict)
  .map(({ file, content }: { file: string; content: Case }) => {
    return { path: join(dirname(file), content.checkpoint), content };
  })
  .filter(({ path }) => existsSync(path));

test(`checkpoint cases: ${cases.length || "absent"}, in ${folders.map(label).join(", ") || "no folder"}`, () => {});

describe.each(cases.map((c) => [label(c.path), c] as const))("%s", (_, { path, content }) => {
  const bytes = readFileSync(path);
  const read = () => readTorchCheckpoint(bytes, label(path)) as Map<string, unknown>;

  test("every tensor has its shape, sum, absolute sum and first value", () => {
    const tensors = stateDict(read(), label(path));
    expect([...tensors.keys()]).toEqual(Object.keys(content.state_dict));
    for (const [name, { shape, sum, sum_abs, first }] of Object.entries(content.state_dict)) {
      const tensor = tensors.get(name)!;
      const values = [...(tensor.data as Float32Array)];
      expect(tensor.dtype).toBe("F32");
      expect(tensor.shape).toEqual(shape);
      expect(values[0]).toBe(Math.fround(first));
      // f64 sums of at most 4096 values, in another order
      const tolerance = 1e-12 * Math.max(1, sum_abs);
      expect(Math.abs(values.reduce((a, b) => a + b, 0) - sum)).toBeLessThan(tolerance);
      expect(Math.abs(values.reduce((a, b) => a + Math.abs(b), 0) - sum_abs)).toBeLessThan(
        tolerance,
      );
    }
  });

  test("epoch, losses and optimizer are as saved", () => {
    const wanted = content.checkpoint_file;
    if (wanted === undefined) return;
    const checkpoint = read();
    const last = (key: string) => (checkpoint.get(key) as number[]).at(-1);
    expect(checkpoint.get("epoch")).toBe(wanted.epoch);
    expect(checkpoint.get("count")).toBe(wanted.count);
    expect(last("train_losses")).toBe(wanted.train_losses_last);
    expect(last("val_losses")).toBe(wanted.val_losses_last);
    expect((checkpoint.get("val_losses") as number[]).length).toBe(wanted.n_losses);

    const optimizer = checkpoint.get("optimizer_state_dict") as Map<string, unknown>;
    const state = optimizer.get("state") as Map<number, Map<string, HostTensor>>;
    const shapes = Object.values(content.state_dict).map(({ shape }) => shape);
    expect(state.size).toBe(shapes.length);
    shapes.forEach((shape, i) => {
      const { step, exp_avg, exp_avg_sq } = Object.fromEntries(state.get(i)!);
      expect(step).toEqual({
        dtype: "F32",
        shape: [],
        data: Float32Array.of(wanted.optimizer_step),
      });
      expect([exp_avg!.shape, exp_avg_sq!.shape]).toEqual([shape, shape]);
    });
  });
});

describe.each(cases.slice(0, 1).map(({ path }) => [label(path), readFileSync(path)] as const))(
  "mutants of %s",
  (_, bytes) => {
    test("1000 of the file are read or refused", () => {
      const { refused } = fuzz(bytes, (b) => readTorchCheckpoint(b, "c"), { times: 1000, seed: 2 });
      expect(refused).toBeGreaterThan(100);
    });

    test("1000 of its pickle, in an intact zip, are read or refused", () => {
      const entries = [...readZip(bytes, "c")];
      const at = entries.findIndex(([path]) => path.endsWith("data.pkl"));
      const [path, pickle] = entries[at]!;
      const read = (mutant: Uint8Array) =>
        readTorchCheckpoint(zipOf(entries.with(at, [path, mutant])), "c");
      const { refused } = fuzz(pickle, read, { times: 1000, seed: 3 });
      expect(refused).toBeGreaterThan(100);
    });
  },
);

const safetensors = files.filter((file) => file.endsWith(".safetensors"));

test(`safetensors files are read and rewritten: ${safetensors.length || "absent"}`, () => {
  for (const file of safetensors) {
    const read = readSafetensors(readFileSync(file), label(file));
    const again = readSafetensors(writeSafetensors(read.tensors, read.metadata), label(file));
    expect(again.metadata).toEqual(read.metadata);
    expect(again.tensors.size).toBe(read.tensors.size);
    for (const [name, { dtype, shape, data }] of read.tensors) {
      const other = again.tensors.get(name)!;
      expect([other.dtype, other.shape]).toEqual([dtype, shape]);
      expect(Buffer.compare(bytesOf(other), bytesOf({ dtype, shape, data }))).toBe(0);
    }
  }
});

const bytesOf = ({ data }: HostTensor) =>
  Buffer.from(data.buffer, data.byteOffset, data.byteLength);
