import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { loadWeights } from "../../src/node/weights.ts";
import { filesIn, folder, type Outcome, run, smallTraining, writeWeights } from "./helpers.ts";

/** A tiny training, and what a command makes of it. */
async function trained(
  verb: string,
  ...given: (string | { settings: string })[]
): Promise<Outcome & { here: string }> {
  const args = given.filter((arg) => typeof arg === "string");
  const [{ settings }] = [
    ...given.filter((arg) => typeof arg !== "string"),
    { settings: "min_cluster_size: [2, 3]\nmin_samples: 2\n" },
  ];
  const here = folder();
  const file = smallTraining(here);
  const path = join(here, "run");
  await run("train", file, "--device", "js", "-o", path);
  const all = args.map((arg) => (arg === "SETTINGS" ? settingsIn(here, settings) : arg));
  const outcome = await run(
    verb,
    file,
    ...all,
    "-c",
    path,
    "--device",
    "js",
    "-o",
    join(here, "out"),
    "--json",
  );
  return { ...outcome, here };
}

function settingsIn(here: string, text: string): string {
  const file = join(here, "settings.yaml");
  writeFileSync(file, text);
  return file;
}

test("eval reports scores of every event, errors of every parameter, and times", async () => {
  const { code, stdout, stderr, here } = await trained("eval", "-d", "valset", "-d", "testset");
  expect(code, stderr).toBe(0);
  const { sets } = JSON.parse(stdout);
  expect(sets.map(({ set }: { set: string }) => set)).toEqual(["valset", "testset"]);
  for (const { events, mean, scan, clustering, errors, milliseconds } of sets) {
    expect(events).toHaveLength(1);
    expect(events[0]).toMatchObject({ event: expect.stringMatching(/^event000000009-\d$/) });
    for (const rate of ["trackml", "perfect", "doubleMajority", "lhc"])
      expect(mean).toHaveProperty(rate);
    expect(scan).toHaveLength(64);
    expect(clustering).toMatchObject({
      minClusterSize: scan[0].minClusterSize,
      minSamples: scan[0].minSamples,
    });
    expect(Object.keys(errors.parameters)).toEqual(["theta", "sin(phi)", "cos(phi)", "q"]);
    const squares = Object.values<{ mse: number }>(errors.parameters).map(({ mse }) => mse);
    // of one event, the mean over parameters is that over all its numbers
    expect(errors.mse.mean).toBeCloseTo(squares.reduce((a, b) => a + b) / 4, 10);
    expect(milliseconds.network.mean).toBeGreaterThan(0);
  }
  expect(sets[1].scan).toEqual(sets[0].scan); // both chosen on the validation set
  expect(filesIn(join(here, "out"))).toEqual(
    ["html", "json"]
      .flatMap((ending) => [`evaluation-testset.${ending}`, `evaluation-valset.${ending}`])
      .sort(),
  );
  const written = JSON.parse(readFileSync(join(here, "out/evaluation-testset.json"), "utf8"));
  expect(written).toEqual(sets[1]);
});

test("settings for evaluation narrow the scan", async () => {
  const { code, stdout, stderr } = await trained("eval", "SETTINGS");
  expect(code, stderr).toBe(0);
  const { scan } = JSON.parse(stdout);
  expect(
    scan.map(({ minClusterSize }: { minClusterSize: number }) => minClusterSize).sort(),
  ).toEqual([2, 3]);
});

test("domains in the settings are evaluated beside whole events", async () => {
  const settings = "min_cluster_size: 2\nmin_samples: 2\ndomains: { overlap: 0.1 }\n";
  const { code, stdout, stderr, here } = await trained("eval", "SETTINGS", { settings });
  expect(code, stderr).toBe(0);
  const { domains, mean } = JSON.parse(stdout);
  expect(Object.keys(domains.mean)).toEqual(Object.keys(mean));
  expect(domains.overlap).toBe(0.1);
  // each of the straight tracks is in one part
  expect(domains.quality).toEqual({ mean: 1, std: 0 });
  expect(domains.hitsPerPart.mean).toBeGreaterThanOrEqual(5);
  const page = readFileSync(join(here, "out/evaluation-testset.html"), "utf8");
  expect(page).toContain("Events in parts");
});

test("infer writes the regressed parameters of every event", async () => {
  const { code, stdout, stderr, here } = await trained("infer", "-d", "trainset", "-d", "testset");
  expect(code, stderr).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ events: 8 });
  expect(filesIn(join(here, "out/trainset"))).toHaveLength(7);
  const [file] = filesIn(join(here, "out/testset"));
  const { tensors, metadata } = await loadWeights(join(here, "out/testset", file!));
  expect(metadata.columns).toBe("theta sin(phi) cos(phi) q");
  const { shape } = tensors.get("track_parameters")!;
  expect(shape).toEqual([tensors.get("particle")!.shape[0], 4]);
});

test.each([
  [
    "a set that there is not",
    ["-d", "holdout"],
    "--dataset: expected trainset, valset, testset, got holdout",
  ],
  [
    "other sizes",
    ["--set", "embedding_size=16"],
    "weights: expected input_layer.weight of shape [16, 3], got [8, 3]",
  ],
])("eval refuses %s", async (_, args, message) => {
  const { code, stderr } = await trained("eval", ...args);
  expect(stderr).toContain(`trackgrad: ${message}`);
  expect(code).toBe(2);
});

test.each([
  ["split=[0,0,1]", /expected x, y and z of two hits or more in the training set, got no events/],
  ["sub_events.min=30", /expected 30 particles \(min\) or more in event000000009, got 4/],
])("eval with weights alone and %s is refused in one line", async (setting, message) => {
  const here = folder();
  const file = smallTraining(here);
  const weights = await writeWeights(here);
  const sets = ["targets=standardised", "sub_events.max=30", setting].flatMap((set) => [
    "--set",
    set,
  ]);
  const args = ["eval", file, "-c", weights, "--device", "js", "--quiet", ...sets];
  const { code, stderr } = await run(...args);
  expect(stderr).toMatch(message);
  expect(stderr.split("\n")).toHaveLength(1);
  expect(code).toBe(2);
});
