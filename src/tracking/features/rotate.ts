/** Events seen from elsewhere: what a solenoid does to particles looks the same turned, or in a mirror. */
import { ShapeError } from "../../engine/errors.ts";
import { Event } from "../event.ts";

type Place = readonly [x: Float64Array, y: Float64Array, z: Float64Array];
type Move = (...place: Place) => Place;

/** The event turned about the beam line by `angle` rad; modules keep their names. */
export function rotateEvent(event: Event, angle: number): Event {
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  return moved(event, (x, y, z) => [
    x.map((value, i) => cos * value - sin * y[i]),
    y.map((value, i) => sin * x[i] + cos * value),
    z,
  ]);
}

/**
 * The event with y or z of everything negated; modules keep their names. In the mirror at y = 0, particles
 * bend the other way, so their charges are opposite.
 */
export function mirrorEvent(event: Event, axis: "y" | "z"): Event {
  const mirrored = moved(event, (x, y, z) =>
    axis === "y" ? [x, y.map((v) => -v), z] : [x, y, z.map((v) => -v)],
  );
  const { particles } = mirrored;
  if (axis === "z" || !particles) return mirrored;
  return new Event({ ...mirrored, particles: { ...particles, q: particles.q.map((q) => -q) } });
}

/** Hits, truth and particles in other places, momenta in other directions. */
function moved(event: Event, move: Move): Event {
  const { name, hits, particleIds, cells, particles, truth, columns } = event;
  if (columns)
    throw new ShapeError(
      `rotateEvent, mirrorEvent: expected an event of TrackML's columns, got further ones in ${event} (which of them turn is not known)`,
    );
  const [x, y, z] = move(hits.x, hits.y, hits.z);
  return new Event({
    ...{ name, particleIds, cells, hits: { ...hits, x, y, z } },
    particles: particles && movedParticles(particles, move),
    truth: truth && movedTruth(truth, move),
  });
}

function movedParticles(particles: NonNullable<Event["particles"]>, move: Move) {
  const [vx, vy, vz] = move(particles.vx, particles.vy, particles.vz);
  const [px, py, pz] = move(particles.px, particles.py, particles.pz);
  return { ...particles, vx, vy, vz, px, py, pz };
}

function movedTruth(truth: NonNullable<Event["truth"]>, move: Move) {
  const [tx, ty, tz] = move(truth.tx, truth.ty, truth.tz);
  const [tpx, tpy, tpz] = move(truth.tpx, truth.tpy, truth.tpz);
  return { ...truth, tx, ty, tz, tpx, tpy, tpz };
}
