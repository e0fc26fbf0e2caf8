import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readSafetensors, writeSafetensors } from "../../src/engine/formats/safetensors.ts";
import {
  Event,
  limitNoise,
  readEventFile,
  reducePileup,
  selectHits,
  simulateEvent,
  splitMix,
  writeEventFile,
} from "../../src/tracking/index.ts";
import { fuzz } from "../formats/mutate.ts";

const event = simulateEvent({ seed: 3, particles: 6, pileup: 3, noise: 0.3 });
const columnsOf = ({ name, hits, cells, particles, truth, particleIds }: Event) => ({
  name,
  hits,
  cells,
  particles,
  truth,
  particleIds,
});

describe("a processed event", () => {
  test("is the same when it is read back, whole or with less in it", () => {
    const { name, hits, truth, particleIds } = event;
    const lesser = new Event({ name, hits });
    const unknown = { ...truth!, tx: truth!.tx.map(() => Number.NaN) };
    for (const one of [event, lesser, new Event({ name, hits, particleIds, truth: unknown })])
      expect(columnsOf(readEventFile(writeEventFile(one), "e"))).toEqual(columnsOf(one));
  });

  test("is read, or refused in one line, when damaged in 2000 ways", () => {
    const small = selectHits(event, [0, 1, 2, 3, 4, 5]);
    const { accepted, refused } = fuzz(
      writeEventFile(small),
      (bytes) => readEventFile(bytes, "e"),
      {
        times: 2000,
        seed: 5,
      },
    );
    expect(accepted + refused).toBe(2000);
    expect(refused).toBeGreaterThan(200);
  });

  type Edit = (tensors: ReturnType<typeof readSafetensors>["tensors"]) => void;
  const edits: [string, Edit, RegExp][] = [
    ["no hits", (t) => t.delete("hits.x"), /e: expected a tensor hits\.x F64 \[n\], got none/],
    ["another type", (t) => t.set("hits.x", t.get("hits.hit_id")!), /hits\.x F64 \[n\], got U32/],
    [
      "a row too few",
      (t) => shorten(t, "cells.ch0"),
      /e: Event\.cells\.ch0: expected \[\d+\], got/,
    ],
    [
      "NaN for a place",
      (t) => (t.get("hits.y")!.data[2] = Number.NaN),
      /hits\.y, got NaN in row 2/,
    ],
    [
      "a cell of no hit",
      (t) => (t.get("cells.hit_row")!.data[0] = 1e6),
      /Event\.cells\.hit: expected/,
    ],
    [
      "ids in disorder",
      (t) => (t.get("particle_ids")!.data[1] = 0n),
      /particle_ids from 0 upwards/,
    ],
    ["a hit twice", (t) => (t.get("hits.hit_id")!.data[1] = 1), /each hit once/],
    ["another particle", (t) => (t.get("particles.index")!.data[0] = 2), /at its index/],
  ];
  test.each(edits)("with %s is refused", (_, edit, message) => {
    const { tensors, metadata } = readSafetensors(writeEventFile(event).slice(), "e");
    edit(tensors);
    expect(() => readEventFile(writeSafetensors(tensors, metadata), "e")).toThrow(message);
  });
  function shorten(tensors: Parameters<Edit>[0], name: string): void {
    const { dtype, shape, data } = tensors.get(name)!;
    tensors.set(name, { dtype, shape: [shape[0]! - 1], data: data.slice(1) as typeof data });
  }
  test("of another kind is refused", () => {
    expect(() => readEventFile(writeSafetensors(new Map()), "e")).toThrow(
      /e: expected a processed event/,
    );
  });
});

describe("filters", () => {
  const noiseIn = ({ truth }: Event) => truth!.particleIndex.filter((p) => p === 0).length;
  test("leave at most the share of noise that is asked for, and every other hit", () =>
    fc.assert(
      fc.property(fc.double({ min: 0, max: 0.9, noNaN: true }), fc.nat(), (share, seed) => {
        const less = limitNoise(event, share, splitMix(seed));
        const others = event.numHits - noiseIn(event);
        expect(less.numHits - noiseIn(less)).toBe(others);
        const most = Math.min(noiseIn(event), Math.floor((others * share) / (1 - share)));
        expect(noiseIn(less)).toBe(most);
        expect([...less.hits.hitId]).toEqual([...less.hits.hitId].sort((a, b) => a - b));
      }),
    ));
  test("leave whole collisions, as many as asked for", () => {
    const verticesOf = ({ truth, particleIds }: Event) =>
      new Set(Array.from(truth!.particleIndex, (p) => particleIds[p] >> 52n).filter((v) => v > 0n));
    const whole = verticesOf(event).size;
    for (let count = 1; count <= whole; count++) {
      const less = reducePileup(event, count, splitMix(count));
      const vertices = verticesOf(less);
      expect(vertices.size).toBe(count);
      const hits = (of: Event) =>
        of.truth!.particleIndex.filter((p) => vertices.has(of.particleIds[p] >> 52n)).length;
      expect(hits(less)).toBe(hits(event));
    }
    expect(() => reducePileup(event, whole + 1, splitMix(1))).toThrow(
      /reducePileup\(count\): expected 1 to/,
    );
    expect(() => limitNoise(event, 1, splitMix(1))).toThrow(/limitNoise\(share\): expected/);
  });
});
