import fc from "fast-check";
import type { Points } from "../../../src/tracking/clustering/index.ts";

/** Points for the clustering tests. */
export function pointsOf(data: ArrayLike<number>, dim: number): Points {
  return { data: Float64Array.from(data), numPoints: data.length / dim, dim };
}

/** Normal coordinates around `centre` on every axis, seeded: f64 [numPoints · dim]. */
export function blobs({
  numPoints,
  dim,
  centre,
  seed,
}: {
  numPoints: number;
  dim: number;
  centre: number;
  seed: number;
}): Float64Array {
  let state = seed + 1;
  const uniform = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0; // Numerical Recipes' generator
    return (state + 0.5) / 2 ** 32;
  };
  return Float64Array.from(
    { length: numPoints * dim },
    () => centre + Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform()),
  );
}

/** Clouds of 2 … 400 points with everything that hurts: duplicates, lattices, clumps, outliers. */
const cloudsIn = (dims: fc.Arbitrary<number>): fc.Arbitrary<Points> =>
  fc
    .record({
      dim: dims,
      numPoints: fc.oneof(fc.integer({ min: 2, max: 40 }), fc.integer({ min: 41, max: 400 })),
      step: fc.constantFrom(0, 1, 0.1, 3), // 0: no lattice
      seed: fc.nat(),
    })
    .map(({ dim, numPoints, step, seed }) => {
      const data = blobs({ numPoints, dim, centre: 0, seed });
      return pointsOf(step === 0 ? data : data.map((x) => Math.round(x / step) * step), dim);
    });

export const clouds = cloudsIn(fc.integer({ min: 1, max: 5 }));

/** Some of them in up to 64 dimensions, for what is compared with brute force quickly. */
export const wideClouds = fc.oneof(
  { weight: 4, arbitrary: clouds },
  { weight: 1, arbitrary: cloudsIn(fc.constantFrom(16, 33, 64)) },
);
