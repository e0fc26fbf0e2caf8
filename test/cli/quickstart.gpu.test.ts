import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { filesIn, folder, run } from "./helpers.ts";

const onWasm = ["--device", "wasm"];

test("quickstart learns in a hundred steps what the baselines do not know", async () => {
  const out = join(folder(), "run");
  // by steps, so that a busy machine learns as much as an idle one
  const args = ["--steps", "100", "--events", "100", ...onWasm, "-o", out];
  const { code, stdout, stderr } = await run("quickstart", ...args, "--json");
  expect(code, stderr).toBe(0);
  const { rows } = JSON.parse(stdout);
  const [coordinates, untrained, trained] = rows;
  expect(rows.map(({ what }: { what: string }) => what)).toEqual([
    "coordinates x, y, z",
    "untrained weights",
    "the trained model",
  ]);
  expect(trained.mse).toBeLessThan(untrained.mse / 2);
  for (const { trackml } of [coordinates, untrained])
    expect(trained.trackml).toBeGreaterThan(trackml + 0.2); // measured: 0.88 against 0.01 and 0.21
  expect(filesIn(out)).toContain("report.html");
  expect(readFileSync(join(out, "report.html"), "utf8")).toContain("</html>");
});

test("the three commands that quickstart ends with work, and so does a second quickstart", async () => {
  const out = join(folder(), "run");
  const args = ["--steps", "2", "--events", "30", ...onWasm, "-o", out, "--quiet"];
  expect((await run("quickstart", ...args)).code).toBe(0);
  const { code, stdout, stderr } = await run("quickstart", ...args);
  expect(code, stderr).toBe(0);
  expect(stdout).toMatch(/coordinates.*\nNext:\n/s);

  const next = commandsIn(stdout.slice(stdout.indexOf("Next:")));
  expect(next.map(([verb]) => verb)).toEqual(["eval", "simulate", "train"]);
  const [evaluation, simulation, training] = next as [string[], string[], string[]];
  const evaluated = await run(...evaluation, ...onWasm, "--json");
  expect(evaluated.code, evaluated.stderr).toBe(0);
  expect(JSON.parse(evaluated.stdout).events).toHaveLength(1);

  const simulated = await run(...simulation, "--json");
  expect(simulated.code, simulated.stderr).toBe(0);
  expect(JSON.parse(simulated.stdout).events).toHaveLength(50);

  const trained = await run(...training, "--set", "nr_epochs=1", ...onWasm, "--json");
  expect(trained.code, trained.stderr).toBe(0);
  expect(JSON.parse(trained.stdout)).toMatchObject({ run: `${out}-more`, epochs: 1, steps: 5 });
});

/** Arguments of each `npx trackgrad …` line. */
const commandsIn = (text: string): string[][] =>
  [...text.matchAll(/npx trackgrad (.*)/g)].map(([, line]) =>
    [...line!.matchAll(/"([^"]*)"|\S+/g)].map(([word, quoted]) => quoted ?? word),
  );

test("quickstart writes over nothing but another quickstart", async () => {
  const here = folder();
  mkdirSync(join(here, "mine"));
  const { code, stderr } = await run("quickstart", "-o", join(here, "mine"));
  expect(stderr).toContain("-o: expected an empty folder, or that of another quickstart");
  expect(code).toBe(2);
  expect(existsSync(join(here, "mine/events"))).toBe(false);
});
