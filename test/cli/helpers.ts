import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished, vi } from "vitest";
import { TransformerRegressor } from "../../models/index.ts";
import { runCommand } from "../../src/cli/program.ts";
import { saveParameters } from "../../src/node/weights.ts";

export interface Outcome {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs a command line in this process and keeps what it prints. */
export async function run(...args: string[]): Promise<Outcome> {
  const out: string[] = [];
  const err: string[] = [];
  const spies = [
    vi.spyOn(console, "log").mockImplementation((line) => void out.push(`${line}`)),
    vi.spyOn(console, "error").mockImplementation((line) => void err.push(`${line}`)),
    vi.spyOn(process.stdout, "write").mockImplementation((text) => out.push(`${text}`) > 0),
  ];
  try {
    const code = await runCommand(args);
    return { code, stdout: out.join("\n"), stderr: err.join("\n") };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

/** An empty folder that goes with the test. */
export function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "trackgrad-cli-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

export const filesIn = (path: string): string[] => readdirSync(path).sort();

/** The text of the four files of a small event: four straight tracks of five hits, and one noise hit. */
export function eventFiles(): Record<"hits" | "cells" | "particles" | "truth", string> {
  const hits = ["hit_id,x,y,z,volume_id,layer_id,module_id"];
  const cells = ["hit_id,ch0,ch1,value"];
  const truth = ["hit_id,particle_id,tx,ty,tz,tpx,tpy,tpz,weight"];
  const particles = ["particle_id,particle_type,vx,vy,vz,px,py,pz,q,nhits"];
  let hit = 3; // ids start anywhere
  for (let p = 1; p <= 4; p++) {
    const id = 4503668346847232n + BigInt(p); // beyond the integers of a double when squared up to 64 bits
    particles.push(`${id},211,0,0,0,${Math.cos(p)},${Math.sin(p)},0.1,1,5`);
    for (let layer = 1; layer <= 5; layer++) {
      const [x, y, z] = [40 * layer * Math.cos(p), 40 * layer * Math.sin(p), 4 * layer];
      hits.push(`${hit},${x},${y},${z},8,${2 * layer},1`);
      cells.push(`${hit},1,2,0.5`);
      truth.push(`${hit},${id},${x},${y},${z},1,1,0.1,0.05`);
      hit += 2;
    }
  }
  hits.push(`${hit},1,2,3,8,2,1`);
  truth.push(`${hit},0,1,2,3,0,0,0,0`);
  return {
    hits: hits.join("\n"),
    cells: cells.join("\n"),
    particles: particles.join("\n"),
    truth: truth.join("\n"),
  };
}

/** Writes the files, changed by `edit`, and returns the prefix that names the event. */
export function writeEvent(
  path: string,
  edit: (files: Record<string, string>) => void = () => {},
): string {
  const files: Record<string, string> = eventFiles();
  edit(files);
  for (const [kind, text] of Object.entries(files))
    writeFileSync(join(path, `event000000009-${kind}.csv`), `${text}\n`);
  return join(path, "event000000009");
}

/** Weights of a tiny untrained model that fits TrackML hits. */
export async function writeWeights(path: string, outputs = 4): Promise<string> {
  const model = new TransformerRegressor({
    inputs: 3,
    outputs,
    numLayers: 1,
    width: 8,
    numHeads: 2,
    hiddenDim: 8,
  });
  const file = join(path, "weights.safetensors");
  await saveParameters(file, model, { numHeads: "2" });
  return file;
}

/** A configuration that trains a tiny regressor in four steps an epoch, on sub-events of one small event. */
export function smallTraining(path: string): string {
  const file = join(path, "config.yaml");
  const text = `model: transformer-regressor
data_path: ${writeEvent(path)}
sub_events: { min: 2, max: 4, count: 9 }
nr_epochs: 1
nr_enc_layers: 1
embedding_size: 8
nr_heads: 2
hidden_dim: 8
batch_size: 2
seed: 2
`;
  writeFileSync(file, text);
  return file;
}

const eggnetConfiguration = (events: string, split: string): string =>
  [
    "model: EggNet",
    `input_dir: ${events}`,
    `data_split: ${split}`,
    "node_features: [hit_r, hit_phi, hit_z]",
    "node_scales: [1000, 3.14, 1000]",
    "hard_cuts:",
    "  hit_particle_pt: [0.3, .inf]",
    "weighting:",
    "  true_default: 1",
    "  fake_default: 1",
    "  conditional_weighting:",
    "    - { weight: 2, conditions: { hit_particle_pt: [1, .inf] } }",
    ...["node_rep_dim", "edge_rep_dim", "encoder_hidden", "node_0_hidden", "edge_hidden"].map(
      (key) => `${key}: 8`,
    ),
    "node_hidden: 8",
    "node_pspace_dim: 4",
    "layernorm: true",
    "embedding_norm: true",
    "output_activation: Tanh",
    "recurrent: true",
    "n_iters: 1",
    "n_gnns_per_iter: 1",
    "knn_train: 4",
    "knn_loss: 4",
    "randomisation: 100",
    "accelerator: cuda # of another machine",
    "lr: 1.0e-2",
    "warmup: null",
    "max_epochs: 8",
  ].join("\n");

/** Five small simulated events in `at`, and a configuration that trains a tiny EggNet on them in three steps an epoch. */
export async function smallEggnet(
  at: string,
  split = "[3, 1, 1]",
): Promise<{ path: string; at: string }> {
  const events = join(at, "events");
  const small = ["--events", "5", "--particles", "6", "--noise", "0.1"];
  const { code, stderr } = await run("simulate", ...small, "-o", events, "--quiet");
  if (code !== 0) throw new Error(stderr);
  const path = join(at, "eggnet.yaml");
  writeFileSync(path, eggnetConfiguration(events, split));
  return { path, at };
}
