import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Checkpoint, train } from "../../src/index.ts";
import { loadCheckpoint } from "../../src/node/checkpoints.ts";
import { useDevice } from "../helpers/backends.ts";
import { runChild, startChild } from "../node/child.ts";
import { batchesPerEpoch, bitsOf, tinyTraining } from "./tinyTraining.ts";

const script = join(import.meta.dirname, "children/train.ts");
const epochs = 60;

describe("a training in a process of its own", () => {
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "trackgrad-"));
    const { code, stderr } = await runChild(script, {
      args: [join(folder, "whole"), String(epochs)],
    });
    expect([code, stderr]).toEqual([0, ""]);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const expectSame = (run: string) => {
    for (const file of [
      "checkpoints/last.safetensors",
      "checkpoints/best.safetensors",
      "metrics.jsonl",
    ]) {
      const [ours, theirs] = [run, "whole"].map((of) => readFileSync(join(folder, of, file)));
      expect(ours.equals(theirs), file).toBe(true);
    }
    expect(readdirSync(join(folder, run, "checkpoints"))).toEqual([
      "best.safetensors",
      "last.safetensors",
    ]);
  };

  test("killed at random moments and resumed, it ends with the same bits", async () => {
    const run = join(folder, "killed");
    const args = [run, String(epochs)];
    // Moments after the first report, in ms: the training takes some thousands.
    for (let kill = 0; kill < 6; kill++) {
      const child = startChild(script, { args });
      const ended = new Promise((done) => child.once("close", done));
      await Promise.race([new Promise((started) => child.stdout!.once("data", started)), ended]);
      const moment = Math.random() * 500;
      await Promise.race([new Promise((later) => setTimeout(later, moment)), ended]);
      child.kill("SIGKILL");
      await ended;
    }
    const { code, stdout, stderr } = await runChild(script, { args });
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toContain(`stopped epochs ${epochs * batchesPerEpoch}`);
    expectSame("killed");
  });

  test.runIf(process.platform !== "win32").each(["SIGTERM", "SIGUSR2"] as const)(
    "%s: it saves, ends well, and goes on later",
    async (signal) => {
      const args = [join(folder, signal), String(epochs)];
      const child = startChild(script, { args });
      let output = "";
      child.stdout!.on("data", (data) => {
        if (output === "") child.kill(signal);
        output += data;
      });
      const code = await new Promise((done) => child.once("close", done));
      expect(code).toBe(0);
      const steps = Number(/stopped signal (\d+)/.exec(output)?.[1]);
      const { state } = await loadCheckpoint(join(folder, signal, "checkpoints/last.safetensors"));
      expect(state.step).toBe(steps);
      expect(steps).toBeLessThan(epochs * batchesPerEpoch);
      await runChild(script, { args });
      expectSame(signal);
    },
  );
});

describe("on webgpu", () => {
  useDevice("webgpu");

  test("a training resumed from its checkpoints ends with the same bits", async () => {
    const checkpoints: Checkpoint[] = [];
    const whole = tinyTraining(2);
    const store = {
      load: async () => null,
      save: (checkpoint: Checkpoint) => void checkpoints.push(checkpoint),
    };
    await train({ ...whole, store, checkpointEvery: 3 });
    const expected = await bitsOf(whole.model);
    for (const checkpoint of checkpoints.slice(0, -1)) {
      const resumed = tinyTraining(2);
      await train({ ...resumed, store: { load: async () => checkpoint, save: () => {} } });
      expect(await bitsOf(resumed.model)).toEqual(expected);
    }
  });
});
