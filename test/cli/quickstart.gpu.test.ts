import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { filesIn, folder, run } from "./helpers.ts";

test("quickstart learns in seconds what the baselines do not know, and its next steps work", async () => {
  const out = join(folder(), "run");
  const args = ["--seconds", "30", "--events", "100", "--device", "wasm", "-o", out];
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
    expect(trained.trackml).toBeGreaterThan(trackml + 0.2); // after a minute: 0.8 against 0 and 0.2
  expect(filesIn(out)).toContain("report.html");
  expect(readFileSync(join(out, "report.html"), "utf8")).toContain("</html>");

  const config = join(out, "config.yaml");
  const weights = join(out, "checkpoints/last.safetensors");
  const evaluated = await run(
    "eval",
    config,
    "-c",
    weights,
    "--set",
    "split=[0, 0.5, 0.5]",
    "--device",
    "wasm",
    "--json",
  );
  expect(evaluated.code, evaluated.stderr).toBe(0);
  expect(JSON.parse(evaluated.stdout).events).toHaveLength(5);

  const again = await run("quickstart", ...args, "--seconds", "1", "--quiet");
  expect(again.code, again.stderr).toBe(0);
  expect(again.stdout).toMatch(/coordinates.*Next:/s);
});

test("quickstart writes over nothing but another quickstart", async () => {
  const here = folder();
  mkdirSync(join(here, "mine"));
  const { code, stderr } = await run("quickstart", "-o", join(here, "mine"));
  expect(stderr).toContain("-o: expected an empty folder, or that of another quickstart");
  expect(code).toBe(2);
  expect(existsSync(join(here, "mine/events"))).toBe(false);
});
