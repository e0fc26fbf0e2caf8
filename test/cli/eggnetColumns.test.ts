/** EggNet from the command line on made-up events of the ITk, with the configuration for them. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { columnsFile } from "../helpers/columnsFile.ts";
import { folder, run } from "./helpers.ts";

const configs = join(import.meta.dirname, "../../docs/configs");
const widths = ["node_rep", "edge_rep", "node_pspace"].map((name) => `${name}_dim=4`);
const hidden = ["encoder", "node_0", "edge", "node", "decoder"].map((name) => `${name}_hidden=4`);

/** Three events, one in each set, and what makes the published configuration one of seconds. */
function smallItk(): { at: string; changes: string[] } {
  const at = folder();
  for (const [seed, set] of ["trainset", "valset", "testset"].entries()) {
    mkdirSync(join(at, set));
    writeFileSync(join(at, set, `event${seed}.safetensors`), columnsFile(seed).bytes);
  }
  const small = ["n_iters=1", "n_gnns_per_iter=1", "max_epochs=1", "randomisation=50"];
  const cuts = "hard_cuts={hit_particle_pt: [200, .inf], track_particle_pt: [200, .inf]}";
  const segmented = [
    "phi_segmented=true",
    "max_nodes=60",
    "max_possible_width=true",
    "min_nodes=5",
  ];
  const data = [`input_dir=${at}`, "data_split=[1, 1, 1]", cuts, ...segmented];
  const sets = [...widths, ...hidden, ...small, ...data];
  return { at, changes: sets.flatMap((change) => ["--set", change]) };
}

test("trains, infers and evaluates", async () => {
  vi.stubEnv("TG_VERIFY", "0"); // the plans are those of other tests
  onTestFinished(() => void vi.unstubAllEnvs());
  const { at, changes } = smallItk();
  const config = join(configs, "eggnet_itk.yaml");
  const [runPath, inferred] = [join(at, "run"), join(at, "inferred")];
  const common = [...changes, "--device", "js", "--json"];
  const trained = await run("train", config, "-o", runPath, ...common);
  expect(trained.stderr).toContain("1 + 1 + 1 events to train, validate and test on");
  expect(JSON.parse(trained.stdout)).toMatchObject({ steps: 1, stopped: "epochs" });
  const said = await run("infer", config, "-c", runPath, "-o", inferred, ...common);
  expect(said.code, said.stderr).toBe(0);
  const settings = [join(configs, "eggnet_itk_eval.yaml"), "-o", inferred];
  const evaluated = await run("eval", config, ...settings, ...common);
  const { events, rates, bins } = JSON.parse(evaluated.stdout);
  expect(events).toMatchObject([{ event: "event2" }]);
  expect(rates.efficiency.total).toBeGreaterThan(0);
  const inBins = bins.pt.map((bin: { efficiency: { total: number } }) => bin.efficiency.total);
  expect(inBins.reduce((a: number, b: number) => a + b, 0)).toBe(rates.efficiency.total); // all above 1 GeV
});

test("events of columns are not turned", async () => {
  const { changes } = smallItk();
  const turned = ["--set", "random_rotation=0.1", "-o", folder(), "--device", "js"];
  const refused = await run("train", join(configs, "eggnet_itk.yaml"), ...changes, ...turned);
  expect([refused.code, refused.stderr]).toEqual([
    2,
    expect.stringContaining("rotateEvent, mirrorEvent: expected an event of TrackML's columns"),
  ]);
});
