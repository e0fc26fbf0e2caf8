import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Event } from "../../src/tracking/event.ts";
import {
  displayOf,
  hitMatches,
  layerOutlines,
  linesOf,
  phoenixEvents,
} from "../../src/tracking/index.ts";

/** Two particles of three hits on the x and y axes, and one noise hit. */
function smallEvent(): Event {
  const zeros = () => new Float64Array(7);
  const x = Float64Array.of(30, 10, 20, 0, 0, 0, 5);
  const y = Float64Array.of(0, 0, 0, 10, 20, 30, 5);
  const ids = { volume: new Uint32Array(7).fill(8), layer: Uint32Array.of(6, 2, 4, 2, 4, 6, 2) };
  return new Event({
    name: "event000000042",
    hits: {
      hitId: Uint32Array.of(1, 2, 3, 4, 5, 6, 9),
      x,
      y,
      z: zeros(),
      ...ids,
      module: new Uint32Array(7),
    },
    particleIds: BigUint64Array.of(0n, 7n, 4503668346847232n),
    truth: {
      isKnown: new Uint8Array(7).fill(1),
      particleIndex: Uint32Array.of(1, 1, 1, 2, 2, 2, 0),
      ...{ tx: x, ty: y, tz: zeros(), tpx: zeros(), tpy: zeros(), tpz: zeros(), weight: zeros() },
    },
  });
}

test("lines follow each particle outwards; noise and single hits have none", () => {
  const display = displayOf(smallEvent(), { tracks: Int32Array.of(-1, 3, 3, 3, 0, -1, -1) });
  expect(linesOf(display, "particle")).toEqual([
    { group: 1, hits: [1, 2, 0] },
    { group: 2, hits: [3, 4, 5] },
  ]);
  expect(linesOf(display, "track")).toEqual([{ group: 3, hits: [1, 3, 2] }]);
});

describe("hits of a track", () => {
  const display = displayOf(smallEvent());

  test("are wrong where another particle or noise has most of it, the smaller index of two", () => {
    const { ofHit, particleOfTrack } = hitMatches(Int32Array.of(5, 5, 5, 5, 2, -1, 2), display);
    expect(ofHit).toEqual(["right", "right", "right", "wrong", "wrong", "none", "wrong"]);
    expect([...particleOfTrack]).toEqual([
      [2, 0],
      [5, 1],
    ]);
  });

  test("of which the truth says nothing are neither right nor wrong and decide nothing", () => {
    const isKnown = Uint8Array.of(1, 0, 0, 1, 1, 1, 1);
    const { ofHit, particleOfTrack } = hitMatches(Int32Array.of(5, 5, 5, 5, 5, -1, -1), {
      particle: Uint32Array.of(1, 0, 0, 2, 2, 2, 0),
      isKnown,
    });
    expect(ofHit).toEqual(["wrong", "none", "none", "right", "right", "none", "none"]);
    expect(particleOfTrack.get(5)).toBe(2);
  });

  test("in tracks that are the particles are all right", () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 5 }), { minLength: 1 }), (particles) => {
        const particle = Uint32Array.from(particles);
        const isKnown = particle.map(() => 1);
        const tracks = Int32Array.from(particle, (p) => p - 1);
        const { ofHit } = hitMatches(tracks, { particle, isKnown });
        expect(ofHit).toEqual(particles.map((p) => (p > 0 ? "right" : "none")));
      }),
    );
  });
});

test("a layer is a cylinder or a disk by its hits, and nothing with too few of them", () => {
  const ring = Array.from({ length: 10 }, (_, i) => i);
  const position = Float32Array.from([
    ...ring.flatMap((i) => [30, 0, 100 * i - 450]),
    ...ring.flatMap((i) => [0, 50 + 10 * i, 600]),
    ...[1, 2, 3],
  ]);
  const layer = Uint32Array.from([...ring.map(() => 2), ...ring.map(() => 4), 6]);
  const found = layerOutlines({ position, layer, volume: layer.map(() => 8) });
  expect(found).toEqual([
    { volume: 8, layer: 2, isBarrel: true, r: [30, 30], z: [-450, 450] },
    { volume: 8, layer: 4, isBarrel: false, r: [50, 140], z: [600, 600] },
  ]);
});

test("Phoenix gets one collection per color, edges as lines, and particles outwards", () => {
  const edges = { source: Uint32Array.of(1), target: Uint32Array.of(2) };
  const tracks = Int32Array.of(0, 0, 0, -1, 1, 1, 1);
  const written = phoenixEvents(displayOf(smallEvent(), { tracks, edges }));
  const event = JSON.parse(JSON.stringify(written)).event000000042;
  expect(event["event number"]).toBe(42);
  const sizes = Object.entries(event.Hits).map(([name, hits]) => [name, (hits as []).length]);
  expect(Object.fromEntries(sizes)).toEqual({
    "Hits in the right track": 5,
    "Hits in no track": 1,
    "Hits in a wrong track": 1,
    Edges: 1,
  });
  for (const hits of Object.values<{ color: string }[]>(event.Hits))
    expect(new Set(hits.map(({ color }) => color)).size).toBe(1);
  expect(event.Hits.Edges[0]).toMatchObject({ type: "Line", pos: [10, 0, 0, 20, 0, 0] });
  expect(event.Tracks.Particles[0].pos).toEqual([
    [10, 0, 0],
    [20, 0, 0],
    [30, 0, 0],
  ]);
  expect(event.Tracks.Tracks).toHaveLength(2);
  const plain = phoenixEvents(displayOf(smallEvent())).event000000042;
  expect(Object.keys(plain.Hits)).toEqual(["Hits of particles", "Noise"]);
});

test("tracks and edges of another event are refused", () => {
  expect(() => displayOf(smallEvent(), { tracks: new Int32Array(3) })).toThrow(
    "displayOf(tracks): expected i32 [7], got [3]",
  );
  const edges = { source: Uint32Array.of(7), target: Uint32Array.of(0) };
  expect(() => displayOf(smallEvent(), { edges })).toThrow(/displayOf\(edges\): .* got 7 → 0/);
});
