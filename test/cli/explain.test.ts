import { expect, test } from "vitest";
import { explainables } from "../../src/cli/explainable.ts";
import { run } from "./helpers.ts";

const small: Record<string, string[]> = {
  "transformer-regressor": ["layers=1", "hits=7", "events=2"],
  "encoder-layer": ["hits=7", "events=2"],
  "interaction-network": ["nodes=9", "edges=12", "hidden=8", "iterations=1"],
  eggnet: ["hits=12", "particles=4", "pairs=8", "k=3", "iterations=1"],
  mlp: ["rows=5", "width=6"],
};
const sizesOf = (model: string) => small[model]!.flatMap((size) => ["--size", size]);

test.each(Object.keys(explainables))("explain %s says what a step launches", async (model) => {
  const args = ["explain", model, ...sizesOf(model), "--device", "js", "--json", "--quiet"];
  const { code, stdout } = await run(...args);
  expect(code).toBe(0);
  const { backend, sizes, launches, boundaries, text } = JSON.parse(stdout);
  expect(backend).toBe("js");
  for (const size of small[model]!)
    expect(size).toBe(`${size.split("=")[0]}=${sizes[size.split("=")[0]!]}`);
  expect(text).toContain(`${launches.length} launches; `);
  for (const { from, to, reason } of boundaries) {
    expect(from).toBeLessThan(to);
    expect(reason).not.toBe("");
  }
  for (const { pipelines, ms, source } of launches) {
    expect(pipelines[0].compileMs).toBeGreaterThan(0);
    expect([ms, source]).toEqual([null, undefined]);
  }
  expect(launches.at(-1).stores).toHaveLength(3); // Adam: all parameters and both moments
});

test("explain prints pipelines, times and source when asked", async () => {
  const args = ["explain", "mlp", ...sizesOf("mlp"), "--backend", "wasm", "--measure", "--source"];
  const { code, stdout } = await run(...args);
  expect(code).toBe(0);
  expect(stdout).toMatch(
    /^training step of mlp \(rows=5 inputs=64 width=6 layers=3 outputs=1\) on wasm$/m,
  );
  expect(stdout).toMatch(/written; \d+\.\d{3} ms$/m);
  expect(stdout).toMatch(/^pipeline +label +bytes +compile ms +launches$/m);
  expect(stdout).toMatch(/^[0-9a-f]{8} +matmul +\d+ +\d+\.\d\d +0 1/m); // both hidden layers
  expect(stdout).toMatch(/^\/\/ launch 0, matmul\+relu\n\/\/ WebAssembly, \d+ bytes/m);
});
