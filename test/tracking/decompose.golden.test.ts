/** Replays `domain_decomposition` of `$TG_FIXTURES/transformer-regressor`. */
import { expect, test } from "vitest";
import { decompose, decompositionQuality } from "../../src/tracking/index.ts";
import { type Json, replay } from "./helpers.ts";

replay("transformer-regressor", "domain_decomposition", (content) => {
  const column = (c: number): number[] => content.hits_xyz_particle.map((row: number[]) => row[c]);
  const hits = { x: column(0), y: column(1), z: column(2) };
  test.each(content.results as Json[])("overlap $overlap", ({ overlap, rows, ...quality }) => {
    const parts = decompose(hits, { overlap, compat: true });
    const found = parts.flatMap((part, p) =>
      Array.from(part, (row) => [row, `${content.event_id}_${p}`]),
    );
    expect(found).toEqual(rows);
    const { mean, std } = decompositionQuality(parts, column(3));
    expect(mean).toBeCloseTo(quality.mean_best_fraction, 12);
    expect(std).toBeCloseTo(quality.std_best_fraction, 12);
  });
});
