/** A training that is killed at random moments, and gone on with, ends as if nothing had happened. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadWeights } from "../../src/node/weights.ts";
import { root, tsx } from "../node/child.ts";
import { smallEggnet, smallTraining } from "./helpers.ts";

const main = join(root, "src/cli/main.ts");
const kills = 5;

interface Ended {
  code: number | null;
  stderr: string;
}

/** Runs `trackgrad train`; `onStart` is called when its steps begin. */
function runTraining(args: string[], onStart: (child: ChildProcess) => void = () => {}) {
  // the checks of launches are other tests' and would take most of the time
  const env = { ...process.env, TG_VERIFY: "0" };
  const child = spawn(process.execPath, ["--import", tsx, main, "train", ...args], { env });
  let [stderr, isStarted] = ["", false];
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk;
    if (isStarted || !stderr.includes("Device")) return;
    isStarted = true;
    onStart(child);
  });
  return new Promise<Ended>((done) => child.on("close", (code) => done({ code, stderr })));
}

const ofRun = async (path: string) => ({
  tensors: (await loadWeights(join(path, "checkpoints/last.safetensors"))).tensors,
  best: (await loadWeights(join(path, "checkpoints/best.safetensors"))).tensors,
  metrics: readFileSync(join(path, "metrics.jsonl"), "utf8"),
});

const trainings = [
  ["the Transformer Regressor", async (at: string) => smallTraining(at), "nr_epochs=50", 200],
  ["EggNet", async (at: string) => (await smallEggnet(at)).path, "max_epochs=50", 150],
] as const;

describe.each(trainings)("%s", (_, configIn, epochs, numSteps) => {
  const here = mkdtempSync(join(tmpdir(), "trackgrad-killed-"));
  afterAll(() => rmSync(here, { recursive: true }));
  const args = ["--device", "wasm", "--set", epochs, "--set", "checkpoint_every=3"];
  const whole = join(here, "whole");
  let duration = 0; // of the steps, in ms

  beforeAll(async () => {
    args.unshift(await configIn(here));
    let begun = 0;
    const { code, stderr } = await runTraining([...args, "-o", whole], () => {
      begun = performance.now();
    });
    duration = performance.now() - begun;
    expect(code, stderr).toBe(0);
  });

  test("killed at five random moments, it ends with the same bits", async () => {
    const killed = join(here, "killed");
    const moments: number[] = [];
    for (let kill = 0; kill < kills; kill++) {
      const moment = (Math.random() * 1.5 * duration) / kills; // most die on the way
      moments.push(moment);
      let timer: NodeJS.Timeout | undefined;
      const goOn = kill > 0 ? ["-c", killed] : [];
      await runTraining([...args, "-o", killed, ...goOn], (child) => {
        timer = setTimeout(() => child.kill("SIGKILL"), moment);
      });
      clearTimeout(timer);
    }
    const { code, stderr } = await runTraining([...args, "-c", killed]);
    expect(code, stderr).toBe(0);
    expect(await ofRun(killed), `killed after ${moments.join(", ")} ms`).toEqual(
      await ofRun(whole),
    );
  });

  test("a signal lets it save, it says how to go on, and does", async () => {
    const stopped = join(here, "stopped");
    const { code, stderr } = await runTraining([...args, "-o", stopped], (child) => {
      child.kill("SIGUSR2"); // what Slurm sends before the time is up
    });
    expect(code).toBe(1); // not all was done
    expect(stderr).toMatch(
      new RegExp(
        `trackgrad: stopped after step \\d+ of ${numSteps}; go on with: trackgrad train .* -c `,
      ),
    );
    await runTraining([...args, "-c", stopped]);
    expect(await ofRun(stopped)).toEqual(await ofRun(whole));
  });
});
