import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { plotSvg } from "../../src/cli/plotSvg.ts";
import {
  countsInCells,
  equalBins,
  histogram,
  ratePlot,
  sharesInCells,
  timingPlot,
} from "../../src/tracking/index.ts";
import { binOf } from "../../src/tracking/plots/bins.ts";
import { ratio } from "../../src/tracking/plots/rates.ts";
import { plotSamples } from "./plotSamples.ts";

/** The specification as text: long tables cut short, numbers rounded as engines may differ in the last digit. */
const brief = (spec: unknown): string =>
  JSON.stringify(
    spec,
    (_, value) => {
      if (typeof value === "number") return Number(value.toPrecision(6));
      if (!Array.isArray(value) || value.length <= 12) return value;
      return [...value.slice(0, 2), `and ${value.length - 2} more`];
    },
    2,
  );

describe.each(Object.entries(plotSamples))("the plot %s", (name, spec) => {
  beforeEach(() => void vi.spyOn(console, "warn").mockImplementation(() => {}));
  afterEach(() => void vi.restoreAllMocks());

  test("is the specification that was looked at", async () => {
    await expect(`${brief(spec)}\n`).toMatchFileSnapshot(`plots/${name}.txt`);
    expect(JSON.parse(JSON.stringify(spec))).toEqual(spec); // plain JSON
  });

  test("becomes an SVG with its titles, without a warning", async () => {
    const svg = await plotSvg(spec);
    expect(console.warn).not.toHaveBeenCalled();
    expect(svg).toMatch(/^<svg[^>]* width="\d/);
    expect(svg).not.toMatch(/NaN|undefined|Infinity/);
    const titles = [...JSON.stringify(spec).matchAll(/"title":"([^"]+)"/g)].map(
      ([, title]) => title,
    );
    expect(titles.length).toBeGreaterThan(0);
    for (const title of titles) expect(svg).toContain(title);
  });
});

test("a bin without trials has no point, and a plot without any is empty axes", async () => {
  const none = { value: Number.NaN, low: Number.NaN, high: Number.NaN };
  const bins = [{ low: 0, high: 1, rate: none }];
  const spec = ratePlot([{ name: "run", bins }], { x: { name: "η" }, rate: "fake rate" });
  expect(spec.data).toEqual({ values: [] });
  expect(await plotSvg(spec)).toContain("fake rate");
});

test("a ratio has the errors of both in quadrature, and none over nothing", () => {
  const a = { value: 0.8, low: 0.74, high: 0.84 };
  const b = { value: 0.5, low: 0.42, high: 0.55 };
  const found = ratio(a, b)!;
  expect(found.value).toBeCloseTo(1.6, 12);
  expect(found.high).toBeCloseTo(1.6 + Math.hypot(0.04 / 0.5, (1.6 * 0.08) / 0.5), 12);
  expect(found.low).toBeCloseTo(1.6 - Math.hypot(0.06 / 0.5, (1.6 * 0.05) / 0.5), 12);
  expect(ratio(a, { value: 0, low: 0, high: 0.1 })).toBeUndefined();
});

describe("bins", () => {
  test("hold each value once: at its lower edge or above, below the next", () => {
    const values = fc.array(fc.double({ min: -3, max: 3, noNaN: true }));
    const edges = fc
      .uniqueArray(fc.double({ min: -3, max: 3, noNaN: true }), {
        minLength: 2,
        maxLength: 9,
        comparator: "SameValueZero",
      })
      .map((list) => [...new Set(list.map((x) => x + 0))].sort((a, b) => a - b))
      .filter((list) => list.length > 1);
    fc.assert(
      fc.property(values, edges, (xs, at) => {
        const last = at.length - 2;
        const isIn = (x: number, b: number) =>
          x >= at[b] && (x < at[b + 1] || (b === last && x === at[b + 1]));
        const counted = at.slice(1).map((_, b) => xs.filter((x) => isIn(x, b)).length);
        expect([...histogram(xs, at)]).toEqual(counted);
      }),
    );
  });

  test("leave out NaN and what is outside", () => {
    expect([Number.NaN, -0.1, 2.1, 0, 1, 2].map((x) => binOf(x, [0, 1, 2]))).toEqual([
      -1, -1, -1, 0, 1, 1,
    ]);
  });

  test("of a logarithmic axis have equal ratios; a range that is none is refused", () => {
    expect(equalBins([0.1, 10], 2, { isLog: true }).map((x) => x.toFixed(6))).toEqual([
      "0.100000",
      "1.000000",
      "10.000000",
    ]);
    expect(() => equalBins([0, 1], 3, { isLog: true })).toThrow(
      "equalBins: expected 0 < low < high, got 0, 1",
    );
    expect(() => equalBins([1, 1], 3)).toThrow("equalBins");
  });

  test("in two directions count pairs and the share that passed", () => {
    const edges = { x: [0, 1, 2], y: [0, 10] };
    const [x, y] = [
      [0.5, 0.6, 1.5, 5],
      [1, 2, 3, 4],
    ];
    expect(countsInCells(x, y, edges).map(({ value }) => value)).toEqual([2, 1]);
    expect(sharesInCells(x, y, [1, 0, 1, 1], edges)).toEqual([
      { x: 0, x2: 1, y: 0, y2: 10, count: 2, value: 0.5 },
      { x: 1, x2: 2, y: 0, y2: 10, count: 1, value: 1 },
    ]);
  });
});

test("the middle of an even number of times is between two", () => {
  const spec = timingPlot([{ stage: "a", milliseconds: [4, 1, 2, 9] }]);
  expect(spec.data).toEqual({ values: [{ stage: "a", fastest: 1, median: 3, slowest: 9 }] });
});
