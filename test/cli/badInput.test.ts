import { appendFileSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { readSafetensors, writeSafetensors } from "../../src/engine/formats/safetensors.ts";
import { filesIn, folder, run, writeEvent, writeWeights } from "./helpers.ts";

/** Every command line of this file is refused like this. */
async function expectRefused(args: string[], message: RegExp): Promise<void> {
  const { code, stderr, stdout } = await run(...args);
  const lines = stderr.split("\n").filter((line) => line.startsWith("trackgrad: "));
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(message);
  expect(stdout).toBe("");
  expect(code).toBe(2);
}

const replaceIn =
  (kind: string, from: string | RegExp, to: string) => (files: Record<string, string>) => {
    expect(files[kind]).toMatch(from); // else the case tests nothing
    files[kind] = files[kind].replace(from, to);
  };

const badEvents: [string, (files: Record<string, string>) => void, RegExp][] = [
  ["a missing column", replaceIn("hits", "volume_id", "volume"), /hits\.csv.*expected.*volume_id/],
  [
    "a field too few",
    replaceIn("hits", /^3,[^,]*,/m, "3,"),
    /hits\.csv line 2: expected 7 .*got 6/,
  ],
  [
    "a field too many",
    replaceIn("truth", "0.05\n5,", "0.05,1\n5,"),
    /truth\.csv line 2: expected 9 .*got 10/,
  ],
  [
    "text for a number",
    replaceIn("hits", /^5,[^,]*,/m, "5,east,"),
    /hits\.csv line 3.*expected.*got.*east/,
  ],
  ["a hit twice", replaceIn("hits", /^5,/m, "3,"), /hits\.csv line 3.*hit.*3/],
  ["NaN for a coordinate", replaceIn("hits", /^3,[^,]*,/m, "3,NaN,"), /hits\.csv line 2.*NaN/],
  ["no hits", (files) => (files.hits = files.hits.split("\n")[0]), /hits\.csv.*expected.*hit/],
  [
    "an id over 64 bits",
    replaceIn("truth", /4503668346847233/, "99999999999999999999"),
    /truth\.csv line 2/,
  ],
  ["truth of another hit", replaceIn("truth", /^3,/m, "4,"), /truth\.csv.*4/],
  ["a cell of another hit", replaceIn("cells", /^3,/m, "4,"), /cells\.csv.*4/],
];

test.each(badEvents)("reconstruct refuses %s and writes nothing", async (_, edit, message) => {
  const here = folder();
  const weights = await writeWeights(here);
  const prefix = writeEvent(here, edit);
  const out = join(here, "out");
  const args = ["reconstruct", prefix, "--model", "transformer-regressor", "--weights", weights];
  await expectRefused([...args, "--device", "js", "-o", out], message);
  expect(filesIn(here)).not.toContain("out");
});

test("reconstruct refuses a truncated gzip file", async () => {
  const here = folder();
  const weights = await writeWeights(here);
  const text = readFileSync(`${writeEvent(here)}-hits.csv`);
  const packed = gzipSync(text);
  writeFileSync(join(here, "event000000009-hits.csv"), packed.subarray(0, packed.length - 12));
  const args = ["reconstruct", join(here, "event000000009"), "--model", "transformer-regressor"];
  await expectRefused([...args, "--weights", weights], /hits\.csv: expected gzip/);
});

const edits: [string, (file: string) => void, RegExp][] = [
  [
    "a text file",
    (file) => writeFileSync(file, "hello, these are my weights"),
    /weights\.safetensors: expected safetensors or a PyTorch zip/,
  ],
  ["a truncated file", (file) => truncateSync(file, 3000), /weights\.safetensors/],
  ["a file with more at its end", (file) => appendFileSync(file, "abcd"), /weights\.safetensors/],
  [
    "a missing key",
    (file) => edited(file, (t) => t.delete("decoder.bias")),
    /weights\.safetensors: expected the key decoder\.bias/,
  ],
  [
    "a wrong shape",
    (file) =>
      edited(file, (t) =>
        t.set("decoder.bias", { dtype: "F32", shape: [2], data: new Float32Array(2) }),
      ),
    /weights\.safetensors: expected decoder\.bias of shape \[4\], got \[2\]/,
  ],
  [
    "a foreign key",
    (file) =>
      edited(file, (t) => t.set("extra", { dtype: "F32", shape: [1], data: new Float32Array(1) })),
    /weights\.safetensors: expected only keys of the model, got extra \[1\]/,
  ],
];

function edited(
  file: string,
  edit: (tensors: ReturnType<typeof readSafetensors>["tensors"]) => void,
): void {
  const { tensors, metadata } = readSafetensors(readFileSync(file), file);
  const copy = new Map(tensors);
  edit(copy);
  writeFileSync(file, writeSafetensors(copy, metadata));
}

test.each(edits)("reconstruct refuses weights that are %s", async (_, edit, message) => {
  const here = folder();
  const weights = await writeWeights(here);
  edit(weights);
  const args = [
    "reconstruct",
    writeEvent(here),
    "--model",
    "transformer-regressor",
    "--device",
    "js",
  ];
  await expectRefused([...args, "--weights", weights], message);
});

test("reconstruct refuses weights of another kind of hits", async () => {
  const here = folder();
  const weights = await writeWeights(here, 3);
  const args = [
    "reconstruct",
    writeEvent(here),
    "--model",
    "transformer-regressor",
    "--device",
    "js",
  ];
  await expectRefused(
    [...args, "--weights", weights],
    /expected weights for TrackML hits \(3 inputs, 4 outputs\), got 3 inputs, 3 outputs/,
  );
});

test.each([
  [["reconstruct", "--model", "m", "--weights", "w"], /missing required argument/],
  [["nonsense"], /unknown command 'nonsense'/],
  [["devices", "--nonsense"], /unknown option '--nonsense'/],
  [
    ["reconstruct", "x", "--model", "eggnet", "--weights", "w"],
    /--model: expected transformer-regressor, got eggnet/,
  ],
  [
    ["reconstruct", "x", "--model", "transformer-regressor", "--weights", "none"],
    /none: expected a file/,
  ],
  [
    ["reconstruct", "x", "--model", "m", "--weights", "w", "--subset", "9:3"],
    /--subset: expected MIN:MAX/,
  ],
  [
    ["reconstruct", "x", "--model", "m", "--weights", "w", "--std", "1,2"],
    /--std: expected 3 numbers/,
  ],
  [["cluster", "none.csv"], /none\.csv: expected a file/],
  [
    ["cluster", "none.csv", "--min-cluster-size", "1"],
    /--min-cluster-size: expected a whole number ≥ 2, got 1/,
  ],
  [["cluster", "a.csv", "--method", "x"], /--method: expected hdbscan, dbscan, cc, got x/],
  [["cluster", "a.csv", "--method", "toString"], /--method: expected hdbscan, dbscan, cc/],
  [["cluster", "a.csv", "--method", "dbscan"], /--eps: expected a distance .*, got none/],
  [["cluster", "a.csv", "--method", "dbscan", "--eps", "-1"], /--eps: expected a number ≥ 0/],
  [["cluster", "a.csv", "--method", "cc"], /--eps: expected a distance with --method cc, got none/],
  [
    ["cluster", "a.csv", "--method", "dbscan", "--eps", "1,x"],
    /--eps: expected a number ≥ 0, got x/,
  ],
  [
    ["cluster", "a.csv", "--method", "cc", "--eps", "1", "--min-samples", "2"],
    /--min-samples: expected --method hdbscan or dbscan, got cc/,
  ],
  [
    ["cluster", "a.csv", "--method", "cc", "--eps", "1", "--cut", "2"],
    /--cut: expected --method hdbscan, got cc/,
  ],
  [["cluster", "a.csv", "--eps", "1"], /--eps: expected --method dbscan or cc, got hdbscan/],
  [
    ["cluster", "a.csv", "--method", "dbscan", "--eps", "1", "--min-cluster-size", "4"],
    /--min-cluster-size: expected --method hdbscan, got dbscan/,
  ],
  [["score", "a.csv", "b.csv"], /a\.csv: expected a file/],
])("%j is refused in one line", async (args, message) => {
  await expectRefused(args, message);
});

test("reconstruct refuses weights with a standardisation that is none", async () => {
  const here = folder();
  const weights = await writeWeights(here);
  const { tensors } = readSafetensors(readFileSync(weights), weights);
  const metadata = { numHeads: "2", "standardisation.mean": "[0,zero,0]" };
  writeFileSync(weights, writeSafetensors(tensors, metadata));
  const args = ["reconstruct", writeEvent(here), "--model", "transformer-regressor"];
  await expectRefused([...args, "--weights", weights], /standardisation\.mean: expected 3 numbers/);
});

test("reconstruct refuses two events of one name, whose files would be one", async () => {
  const here = folder();
  const weights = await writeWeights(here);
  const prefix = writeEvent(here);
  const args = ["reconstruct", prefix, prefix, "--model", "transformer-regressor"];
  await expectRefused([...args, "--weights", weights], /got event000000009 twice/);
});

test("a device that does not exist is named", async () => {
  const here = folder();
  const args = ["reconstruct", writeEvent(here), "--model", "transformer-regressor"];
  const weights = await writeWeights(here);
  await expectRefused(
    [...args, "--weights", weights, "--device", "cuda"],
    /--device: expected auto, webgpu, wasm or js, got cuda/,
  );
});

test("score refuses a submission that names a hit twice", async () => {
  const here = folder();
  mkdirSync(join(here, "s"));
  const prefix = writeEvent(here);
  const submission = join(here, "s", "tracks.csv");
  writeFileSync(submission, "hit_id,track_id\n3,1\n3,2\n");
  await expectRefused(
    ["score", submission, `${prefix}-truth.csv`],
    /tracks\.csv line 3: expected each hit once/,
  );
});

test("cluster refuses text among the points", async () => {
  const here = folder();
  const file = join(here, "points.csv");
  writeFileSync(file, "x,y\n1,2\n3,four\n");
  await expectRefused(["cluster", file], /points\.csv line 3/);
});

test.each([
  [["explain", "unet"], /explain\(model\): expected .*mlp, got unet$/],
  [["explain", "mlp", "--size", "depth=3"], /--size: expected one of rows=2048 .*, got depth=3$/],
  [["explain", "mlp", "--size", "rows=0"], /--size rows: expected a whole number ≥ 1, got 0$/],
  [["explain", "encoder-layer", "--size", "heads=5", "--device", "js"], /width/],
  [["explain", "eggnet", "--size", "hits=5", "--device", "js"], /hits ≥ particles, got 5/],
])("%j is refused", (args, message) => expectRefused(args, message));
