/** Replays `splits` of `$TG_FIXTURES/transformer-regressor`: the parts that published trainings had. */
import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { randomSplit } from "../../src/tracking/index.ts";
import { type Json, replay } from "./helpers.ts";

replay("transformer-regressor", "splits", ({ seed, fractions, cases }) => {
  test.each(cases as Json[])("$n events", (c) => {
    const [train, valid, test] = randomSplit(c.n, fractions, seed);
    expect([train, valid, test].map(({ length }) => length)).toEqual(c.lengths);
    for (const [name, part] of Object.entries({ train, valid, test })) {
      const wanted = c[name] ?? c[`${name}_first20`];
      expect(Array.from(part.subarray(0, wanted.length)), name).toEqual(wanted);
    }
    const all = [train, valid, test].flatMap((part) => Array.from(part)).join();
    const digest = createHash("sha256").update(all).digest("hex");
    expect(digest).toBe(c.sha256_of_comma_joined_permutation);
  });
});
