/** Simulated particles and hits as an event: sorted, numbered and rounded, as files hold them. */
import { type Cells, Event, type Hits, type Truth } from "../event.ts";
import { indexParticles, type Particles } from "../particles.ts";
import { type BornParticle, idOf } from "./collisions.ts";
import type { Cluster } from "./digitize.ts";
import type { State } from "./helix.ts";
import type { Module } from "./layers.ts";

export interface SimulatedHit {
  readonly module: Module;
  readonly state: State; // the truth: where the particle passed, and how fast
  readonly particle: BornParticle | undefined; // none: noise
  readonly cluster: Cluster;
}

/**
 * Hits are sorted by module, ids start at 1. Positions are rounded to 10 nm and momenta to 1 eV, so that
 * an event and what is read back from its files are equal to the last bit. Weights are 0 yet.
 */
export function eventOf(
  name: string,
  born: readonly BornParticle[],
  found: readonly SimulatedHit[],
  places: Pick<Hits, "volume" | "layer" | "module">, // of each row of the module table
): Event {
  const hits = [...found].sort((a, b) => a.module.row - b.module.row); // stable: then by particle
  const ids = born.map(idOf);
  const { particleIds, indexOf } = indexParticles([BigUint64Array.from(ids)]);
  const indexOfBorn = new Map(born.map((particle, p) => [particle, indexOf(ids[p])!]));
  const particleIndex = Uint32Array.from(hits, ({ particle }) =>
    particle ? indexOfBorn.get(particle)! : 0,
  );
  return new Event({
    name,
    hits: measured(hits, places),
    cells: cellsOf(hits),
    particleIds,
    particles: particleTable(born, ids, indexOfBorn, particleIndex),
    truth: truthOf(hits, particleIndex),
  });
}

const mm = (value: number): number => Math.round(value * 1e5) / 1e5;
const gev = (value: number): number => Math.round(value * 1e9) / 1e9;

function measured(
  hits: readonly SimulatedHit[],
  { volume, layer, module }: Pick<Hits, "volume" | "layer" | "module">,
): Hits {
  const column = (k: 0 | 1 | 2) =>
    Float64Array.from(hits, ({ module: { center, u, v }, cluster }) =>
      mm(center[k] + cluster.u * u[k] + cluster.v * v[k]),
    );
  const place = (values: Uint32Array) => Uint32Array.from(hits, (hit) => values[hit.module.row]);
  return {
    hitId: Uint32Array.from(hits, (_, row) => row + 1),
    x: column(0),
    y: column(1),
    z: column(2),
    volume: place(volume),
    layer: place(layer),
    module: place(module),
  };
}

function cellsOf(hits: readonly SimulatedHit[]): Cells {
  const numCells = hits.reduce((sum, { cluster }) => sum + cluster.value.length, 0);
  const [hit, ch0, ch1] = [0, 1, 2].map(() => new Uint32Array(numCells));
  const value = new Float64Array(numCells);
  let cell = 0;
  hits.forEach(({ cluster }, row) => {
    for (let c = 0; c < cluster.value.length; c++, cell++) {
      hit[cell] = row;
      ch0[cell] = cluster.ch0[c];
      ch1[cell] = cluster.ch1[c];
      value[cell] = cluster.value[c];
    }
  });
  return { hit, ch0, ch1, value };
}

function particleTable(
  born: readonly BornParticle[],
  ids: readonly bigint[],
  indexOfBorn: ReadonlyMap<BornParticle, number>,
  particleIndex: Uint32Array,
): Particles {
  const numHits = new Uint32Array(born.length + 1);
  for (const index of particleIndex) numHits[index]++;
  const order = [...born.keys()].sort((a, b) => (ids[a] < ids[b] ? -1 : 1));
  const sorted = order.map((p) => born[p]);
  const column = (of: (particle: BornParticle) => number) => Float64Array.from(sorted, of);
  const index = Uint32Array.from(sorted, (particle) => indexOfBorn.get(particle)!);
  return {
    particleId: BigUint64Array.from(order, (p) => ids[p]),
    index,
    particleType: Int32Array.from(sorted, ({ kind }) => kind.type),
    vx: column(({ state }) => mm(state.x)),
    vy: column(({ state }) => mm(state.y)),
    vz: column(({ state }) => mm(state.z)),
    px: column(({ state }) => gev(state.px)),
    py: column(({ state }) => gev(state.py)),
    pz: column(({ state }) => gev(state.pz)),
    q: column(({ kind }) => kind.q),
    numHits: index.map((p) => numHits[p]),
  };
}

function truthOf(hits: readonly SimulatedHit[], particleIndex: Uint32Array): Truth {
  const column = (of: (state: State) => number) =>
    Float64Array.from(hits, ({ state }) => of(state));
  return {
    isKnown: new Uint8Array(hits.length).fill(1),
    particleIndex,
    tx: column(({ x }) => mm(x)),
    ty: column(({ y }) => mm(y)),
    tz: column(({ z }) => mm(z)),
    tpx: column(({ px }) => gev(px)),
    tpy: column(({ py }) => gev(py)),
    tpz: column(({ pz }) => gev(pz)),
    weight: new Float64Array(hits.length),
  };
}
