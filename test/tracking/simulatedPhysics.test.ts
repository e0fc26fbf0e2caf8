/** The parts of the simulation against what is known of them. */
import { describe, expect, test } from "vitest";
import * as portable from "../../src/tracking/portableMath.ts";
import { normal, philoxStream, poisson } from "../../src/tracking/random.ts";
import { advance, helixOf, onPlane, toCylinder } from "../../src/tracking/simulate/helix.ts";
import { afterMatter, energyLoss, scatteringAngle } from "../../src/tracking/simulate/material.ts";
import { drawMomentum, species } from "../../src/tracking/simulate/primaries.ts";
import { philoxBlock } from "../helpers/philox.ts";

const draws = (count: number, of: (rng: () => number) => number) => {
  const rng = philoxStream(5, [1, 2]);
  return Array.from({ length: count }, () => of(rng));
};
const mean = (values: number[]) => values.reduce((sum, x) => sum + x, 0) / values.length;

describe("functions whose bits are fixed", () => {
  const ulps = 8 * 2 ** -52;
  const between = (low: number, high: number) => draws(4000, (rng) => low + (high - low) * rng());
  const agree = (own: number, known: number) =>
    expect(Math.abs(own - known)).toBeLessThanOrEqual(ulps * Math.max(1, Math.abs(known)));
  test("sin and cos", () => {
    for (const x of [...between(-100, 100), 0, Math.PI, -Math.PI / 2]) {
      const [sin, cos] = portable.sinCos(x);
      agree(sin, Math.sin(x));
      agree(cos, Math.cos(x));
    }
  });
  test("log, exp and asinh", () => {
    for (const x of between(-30, 30)) {
      expect(Math.abs(portable.exp(x) / Math.exp(x) - 1)).toBeLessThan(
        (1 + Math.abs(x)) * 2 ** -52,
      );
      agree(portable.log(Math.exp(x)), x);
      agree(portable.asinh(x), Math.asinh(x));
    }
  });
  test("atan2 and acos, in every direction", () => {
    for (const x of between(-3, 3)) {
      const [sin, cos] = [Math.sin(x), Math.cos(x)];
      agree(portable.atan2(sin, cos), Math.atan2(sin, cos));
      agree(portable.acos(cos), Math.acos(cos));
    }
    for (const [y, x] of [
      [0, 1],
      [0, -1],
      [1, 0],
      [-1, 0],
      [0, 0],
    ] as const) // prettier-ignore
      agree(portable.atan2(y, x), Math.atan2(y, x));
  });
});

describe("random streams", () => {
  test("are blocks of the generator, one after the other", () => {
    const rng = philoxStream(2 ** 40 + 3, [6, 7]);
    const drawn = Array.from({ length: 12 }, () => rng() * 2 ** 32);
    expect(drawn).toEqual([0, 1, 2].flatMap((block) => philoxBlock([block, 0, 6, 7], [3, 256])));
  });
  test("normal and Poisson numbers have their moments", () => {
    const numbers = draws(20_000, normal);
    expect(mean(numbers)).toBeCloseTo(0, 1); // ± 0.007
    expect(mean(numbers.map((x) => x * x))).toBeCloseTo(1, 1); // ± 0.01
    expect(mean(draws(20_000, (rng) => poisson(rng, 2.5)))).toBeCloseTo(2.5, 1); // ± 0.011
  });
});

describe("a helix", () => {
  const start = { x: 1, y: -2, z: 3, px: 0.6, py: 0.8, pz: 0.5 };
  test("at 1 GeV and 2 T has a radius of 1.668 m, and a positive particle turns clockwise", () => {
    const helix = helixOf(start, 1, 2);
    expect(1 / helix.turn).toBeCloseTo(-1667.82, 2);
    const half = advance(helix, Math.PI / -helix.turn);
    expect(Math.hypot(half.x - start.x, half.y - start.y)).toBeCloseTo(2 * 1667.82, 1);
    expect(half.z - start.z).toBeCloseTo(Math.PI * 1667.82 * 0.5, 1);
    expect(half.px).toBeCloseTo(-0.6, 12);
  });
  test.each([0, 1e-7, 0.5, 2])("at %s T comes to a cylinder where it says", (field) => {
    const helix = helixOf(start, -1, field);
    for (const r of [30, 300, 1000]) {
      const { x, y } = advance(helix, toCylinder(helix)(r, 0));
      expect(Math.hypot(x, y)).toBeCloseTo(r, 5);
    }
    expect(toCylinder(helixOf(start, 1, 2))(1e5, 0)).toBe(Infinity);
  });
  test("meets a plane to 1e-9 mm, or runs along it", () => {
    const helix = helixOf(start, 1, 2);
    const [normalX, normalY] = [0.8, 0.6];
    const plane = { center: [100, 100, 0], normal: [normalX, normalY, 0] } as const;
    const { x, y } = onPlane(helix, plane, 100)!;
    expect((x - 100) * normalX + (y - 100) * normalY).toBeCloseTo(0, 9);
    const along = helixOf({ ...start, px: 0, py: 1, pz: 0 }, 1, 0);
    expect(onPlane(along, { center: [5, 0, 0], normal: [1, 0, 0] }, 10)).toBeUndefined();
  });
});

describe("matter", () => {
  const pion = species.pion;
  test("takes 0.388 MeV of a minimum ionizing pion a mm of silicon", () => {
    // Particle Data Group: 1.664 MeV cm²/g at the minimum, 2.329 g/cm³
    const losses = Array.from({ length: 60 }, (_, k) => energyLoss(0.2 + 0.02 * k, pion, 1 / 93.7));
    expect(Math.min(...losses) / 0.388e-3).toBeCloseTo(1, 1);
    expect(energyLoss(0.1, pion, 0.02)).toBeGreaterThan(energyLoss(0.4, pion, 0.02));
  });
  test("turns 1 GeV pions by Highland's angle in each plane", () => {
    // 13.6 MeV / (β p) · √0.02 · (1 + 0.038 ln 0.02) = 1.6529 mrad
    const angle = scatteringAngle(1, pion, 0.02);
    expect(angle * 1000).toBeCloseTo(1.6529, 3);
    const straight = { x: 0, y: 0, z: 0, px: 1, py: 0, pz: 0 };
    const turned = draws(8000, (rng) => {
      const on = { scattering: true, energyLoss: false };
      return afterMatter(straight, pion, 0.02, on, rng)!.pz;
    });
    const rms = Math.sqrt(mean(turned.map((x) => x * x)));
    expect(Math.abs(rms / angle - 1)).toBeLessThan(5 / Math.sqrt(2 * 8000)); // five standard errors
  });
  test("stops slow protons", () => {
    const slow = { x: 0, y: 0, z: 0, px: 0.1, py: 0, pz: 0 };
    const on = { scattering: true, energyLoss: true };
    expect(afterMatter(slow, species.proton, 0.05, on, philoxStream(1, [0, 0]))).toBeUndefined();
  });
});

test("momenta follow Hagedorn's law in pt and are flat in eta", () => {
  const rng = philoxStream(9, [0, 0]);
  const count = 8000;
  const made = Array.from({ length: count }, () => drawMomentum(rng, { minPt: 0.1, maxEta: 4 }));
  const pt = made.map(({ px, py }) => Math.hypot(px, py));
  const above = (x: number) => (1 + (5 * x) / 0.84) / (1 + x / 0.84) ** 5;
  for (const cut of [0.1, 0.3, 1, 3]) {
    const expected = above(cut) / above(0.1);
    const error = Math.sqrt((expected * (1 - expected)) / count) + 1e-9;
    const found = pt.filter((x) => x >= cut).length / count;
    expect(Math.abs(found - expected) / error).toBeLessThan(5);
  }
  const eta = made.map(({ pz }, i) => Math.asinh(pz / pt[i]));
  expect(Math.max(...eta.map(Math.abs))).toBeLessThanOrEqual(4);
  expect(mean(eta.map((x) => x * x)) / (16 / 3)).toBeCloseTo(1, 1);
});
