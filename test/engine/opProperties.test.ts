import { expect, test } from "vitest";
import { elementwise } from "../../src/engine/ops/elementwise.ts";
import { describeOps } from "../helpers/opProperties.ts";
import { scalarOps } from "../helpers/oracle.ts";

test("the oracle knows every elementwise op", () => {
  expect(Object.keys(scalarOps).sort()).toEqual(Object.keys(elementwise).sort());
});

describeOps("js", { runs: 20, seed: 1 });
describeOps("js-f64", { runs: 20, seed: 2 });
describeOps("wasm", { runs: 20, seed: 4 });
