import { Event } from "../event.ts";

/**
 * The event turned about the beam line by `angle` rad: hits, truth and particles, not modules, which keep
 * their names. A solenoid and what flies in it look the same from every azimuth.
 */
export function rotateEvent(event: Event, angle: number): Event {
  const { name, hits, particleIds, cells, particles, truth } = event;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const turned = (x: Float64Array, y: Float64Array) =>
    [
      x.map((value, i) => cos * value - sin * y[i]),
      y.map((value, i) => sin * x[i] + cos * value),
    ] as const;
  const [x, y] = turned(hits.x, hits.y);
  return new Event({
    ...{ name, particleIds, cells, hits: { ...hits, x, y } },
    particles: particles && rotateParticles(particles, turned),
    truth: truth && rotateTruth(truth, turned),
  });
}

type Turn = (x: Float64Array, y: Float64Array) => readonly [Float64Array, Float64Array];

function rotateParticles(particles: NonNullable<Event["particles"]>, turned: Turn) {
  const [vx, vy] = turned(particles.vx, particles.vy);
  const [px, py] = turned(particles.px, particles.py);
  return { ...particles, vx, vy, px, py };
}

function rotateTruth(truth: NonNullable<Event["truth"]>, turned: Turn) {
  const [tx, ty] = turned(truth.tx, truth.ty);
  const [tpx, tpy] = turned(truth.tpx, truth.tpy);
  return { ...truth, tx, ty, tpx, tpy };
}
