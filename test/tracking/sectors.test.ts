/** Events turned about the beam line and cut into sectors of azimuth. */
import { expect, test } from "vitest";
import {
  azimuthSectors,
  hitPt,
  mirrorEvent,
  rotateEvent,
  selectHits,
  simulateEvent,
} from "../../src/tracking/index.ts";

const event = simulateEvent({ seed: 3, particles: 20, noise: 0.2 });
const azimuths = ({ hits }: typeof event) => Array.from(hits.x, (x, h) => Math.atan2(hits.y[h], x));

test.each([1, 2, 7])("each hit is in one of %i sectors, and within its azimuths", (count) => {
  const sectors = azimuthSectors(event, count);
  expect(sectors.map(({ name }) => name)).toEqual(sectors.map((_, s) => `${event.name}-phi${s}`));
  const ids = sectors.flatMap(({ hits }) => [...hits.hitId]);
  expect(ids.sort((a, b) => a - b)).toEqual([...event.hits.hitId].sort((a, b) => a - b));
  const width = (2 * Math.PI) / count;
  for (const [s, sector] of sectors.entries())
    for (const phi of azimuths(sector)) {
      expect(phi).toBeGreaterThanOrEqual(-Math.PI + s * width - 1e-12);
      expect(phi).toBeLessThanOrEqual(-Math.PI + (s + 1) * width + 1e-12);
    }
});

test("a hit at azimuth π is in the last sector; no sector, or half of one, is refused", () => {
  const one = selectHits(event, [0]);
  one.hits.x[0] = -5;
  one.hits.y[0] = 0;
  expect(azimuthSectors(one, 3).map(({ numHits }) => numHits)).toEqual([0, 0, 1]);
  for (const count of [0, 1.5])
    expect(() => azimuthSectors(event, count)).toThrow("expected a whole number ≥ 1");
});

test("turning changes azimuths by the angle and nothing else, particles turn with their hits", () => {
  const turned = rotateEvent(event, 0.7);
  for (const [h, phi] of azimuths(turned).entries())
    expect(Math.cos(phi - azimuths(event)[h] - 0.7)).toBeCloseTo(1, 12);
  expect(turned.hits.z).toEqual(event.hits.z);
  for (const [h, pt] of hitPt(turned).entries()) expect(pt).toBeCloseTo(hitPt(event)[h], 10);
  const [before, after] = [event, turned].map(({ hits, truth, particles }) => [
    Math.atan2(truth!.ty[0], truth!.tx[0]) - Math.atan2(hits.y[0], hits.x[0]),
    Math.atan2(particles!.py[0], particles!.px[0]) - Math.atan2(hits.y[0], hits.x[0]),
  ]);
  for (const [which, difference] of before.entries())
    expect(Math.cos(after[which] - difference)).toBeCloseTo(1, 10);
});

test("the middle of a centered sector is at azimuth 0", () => {
  for (const sector of azimuthSectors(event, 9, { isCentered: true }))
    for (const phi of azimuths(sector))
      expect(Math.abs(phi)).toBeLessThanOrEqual(Math.PI / 9 + 1e-9);
});

test("a mirror negates one coordinate of all places and momenta, and y = 0 the charges", () => {
  const { particles, truth, hits } = event;
  for (const axis of ["y", "z"] as const) {
    const mirrored = mirrorEvent(event, axis);
    const other = axis === "y" ? "z" : "y";
    const negated = (values: Float64Array) => values.map((value) => -value);
    expect(mirrored.hits[axis]).toEqual(negated(hits[axis]));
    expect(mirrored.hits[other]).toEqual(hits[other]);
    expect(mirrored.truth![`tp${axis}`]).toEqual(negated(truth![`tp${axis}`]));
    expect(mirrored.particles![`v${axis}`]).toEqual(negated(particles![`v${axis}`]));
    expect(mirrored.particles![`p${other}`]).toEqual(particles![`p${other}`]);
    expect(mirrored.particles!.q).toEqual(axis === "y" ? negated(particles!.q) : particles!.q);
    expect(mirrorEvent(mirrored, axis)).toEqual(event);
  }
});
