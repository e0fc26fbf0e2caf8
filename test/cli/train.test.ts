import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { roundFloat16 } from "../../src/engine/float16.ts";
import { loadWeights } from "../../src/node/weights.ts";
import { filesIn, folder, run, smallTraining } from "./helpers.ts";

test("a training leaves a run directory that can be read, gone on with, and learned from", async () => {
  const here = folder();
  const file = smallTraining(here);
  const out = join(here, "run");
  const args = ["train", file, "--device", "js", "-o", out, "--json"];
  const { code, stdout, stderr } = await run(...args, "--set", "nr_epochs=2");
  expect(stderr).toContain("epoch 2/2");
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ run: out, epochs: 2, steps: 8, stopped: "epochs" });
  const found = filesIn(out);
  expect(found.filter((name) => !name.startsWith("events.out"))).toEqual([
    "checkpoints",
    "config.yaml",
    "metrics.jsonl",
  ]);
  const lines = readFileSync(join(out, "metrics.jsonl"), "utf8").trimEnd().split("\n");
  expect(lines.map((line) => JSON.parse(line).epoch)).toEqual([0, 1]);

  const best = join(out, "checkpoints/best.safetensors");
  const { metadata } = await loadWeights(best);
  expect(metadata).toMatchObject({ numHeads: "2", dataType: "trackml" });
  expect(JSON.parse(metadata["standardisation.std"]!)).toHaveLength(3);

  const again = await run(...args, "--set", "nr_epochs=3");
  expect(again.stderr).toContain("expected no training there yet");
  expect(again.code).toBe(2);
  const resumed = await run(...args, "--set", "nr_epochs=3", "-c", out);
  expect(JSON.parse(resumed.stdout)).toMatchObject({ epochs: 3, steps: 12 });
  const whole = join(here, "whole");
  await run("train", file, "--device", "js", "-o", whole, "--set", "nr_epochs=3");
  const last = (path: string) => loadWeights(join(path, "checkpoints/last.safetensors"));
  expect((await last(out)).tensors).toEqual((await last(whole)).tensors);

  const tuned = join(here, "tuned");
  const { stdout: text } = await run(
    "train",
    file,
    "-c",
    best,
    "-o",
    tuned,
    "--device",
    "js",
    "--json",
  );
  expect(JSON.parse(text)).toMatchObject({ run: tuned, epochs: 1 }); // weights alone: counts from 0
});

test("the best model alone, in half the bytes, is read like any weights", async () => {
  const here = folder();
  const file = smallTraining(here);
  const out = join(here, "run");
  const args = ["train", file, "--device", "js", "--json"];
  const { code, stdout } = await run(...args, "-o", out, "--weights", "f16");
  expect(code).toBe(0);
  const { weights } = JSON.parse(stdout);
  expect(weights).toBe(join(out, "weights.safetensors"));
  const best = await loadWeights(join(out, "checkpoints/best.safetensors"));
  const half = await loadWeights(weights);
  expect(half.metadata.numHeads).toBe("2");
  expect(half.metadata).not.toHaveProperty("training");
  expect([...half.tensors.keys()].sort()).toEqual(
    [...best.tensors.keys()].filter((name) => !name.startsWith("training.")).sort(),
  );
  for (const [name, { dtype, data }] of half.tensors) {
    expect(dtype).toBe("F16");
    expect(data).toEqual(
      Float32Array.from(best.tensors.get(name)!.data as Float32Array, roundFloat16),
    );
  }

  const predicted = await run("infer", file, "-c", weights, "--device", "js", "-o", here);
  expect(predicted.code, predicted.stderr).toBe(0);
  const tuned = await run(...args, "-o", join(here, "tuned"), "-c", weights);
  expect(tuned.code, tuned.stderr).toBe(0);
  const wrong = await run(...args, "-o", join(here, "none"), "--weights", "f8");
  expect([wrong.code, wrong.stderr.trim()]).toEqual([
    2,
    "trackgrad: --weights: expected f32 or f16, got f8",
  ]);
});

test("the resolved configuration can be trained again", async () => {
  const here = folder();
  const [first, second] = [join(here, "a"), join(here, "b")];
  await run("train", smallTraining(here), "--device", "js", "-o", first);
  const { code } = await run("train", join(first, "config.yaml"), "--device", "js", "-o", second);
  expect(code).toBe(0);
  const texts = [first, second].map((path) => readFileSync(join(path, "config.yaml"), "utf8"));
  expect(texts[1]).toBe(texts[0]);
  const losses = [first, second].map((path) => readFileSync(join(path, "metrics.jsonl"), "utf8"));
  expect(losses[1]).toBe(losses[0]);
});

const variants = [
  "layout=padded",
  "accumulate=2",
  "attention=flash",
  "targets=standardised",
  "dropout=0",
];
test.each(variants)("trains with %s", async (set) => {
  const here = folder();
  const out = join(here, "run");
  const { code, stderr } = await run(
    "train",
    smallTraining(here),
    "--device",
    "js",
    "-o",
    out,
    "--set",
    set,
  );
  expect(code, stderr).toBe(0);
});

test.each(["exact", "flash"])("trains as published, with %s attention", async (attention) => {
  const here = folder();
  const out = join(here, "run");
  const sets = ["compat=true", "max_nr_hits=30", `attention=${attention}`].flatMap((set) => [
    "--set",
    set,
  ]);
  const { code, stderr } = await run(
    "train",
    smallTraining(here),
    "--device",
    "js",
    "-o",
    out,
    ...sets,
  );
  expect(code, stderr).toBe(0);
  const { metadata } = await loadWeights(join(out, "checkpoints/last.safetensors"));
  expect(JSON.parse(metadata["momenta.mean"]!)).toHaveLength(4); // angles of standardised momenta
});

test("an event with more hits than max_nr_hits is named, and nothing is written", async () => {
  const here = folder();
  const out = join(here, "run");
  const { code, stderr } = await run(
    "train",
    smallTraining(here),
    "--set",
    "max_nr_hits=6",
    "-o",
    out,
  );
  expect(stderr).toMatch(
    /^trackgrad: max_nr_hits: expected 6 hits at most, got \d+ in event000000009-\d+$/,
  );
  expect([code, existsSync(out)]).toEqual([2, false]);
});

test("weights for a model of other sizes are refused", async () => {
  const here = folder();
  const file = smallTraining(here);
  const out = join(here, "run");
  await run("train", file, "--device", "js", "-o", out);
  const last = join(out, "checkpoints/best.safetensors");
  const args = ["train", file, "-c", last, "-o", join(here, "other"), "--device", "js"];
  const { code, stderr } = await run(...args, "--set", "embedding_size=16");
  expect(stderr).toContain("expected input_layer.weight of shape [16, 3], got [8, 3]");
  expect(code).toBe(2);
  writeFileSync(join(here, "text"), "no weights");
  expect((await run("train", file, "-c", join(here, "text"))).code).toBe(2);
  expect((await run("train", file, "-c", join(here, "nothing"))).stderr).toContain("no such file");
});
