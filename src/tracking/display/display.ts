/**
 * What an event display shows: an event, the tracks found in it and a graph of its hits as columns small
 * enough to travel inside a page. Lengths mm, momenta GeV; H hits, P particles, E edges.
 */
import { ShapeError } from "../../engine/errors.ts";
import type { Event } from "../event.ts";
import { checkEdges, type EdgeIndex } from "../graphs/edgeIndex.ts";
import { particleEta, particlePt } from "../particles.ts";
import type { Tracks } from "../tracks.ts";

export interface Display {
  readonly name: string;
  /** x, y, z of each hit, f32 [H, 3]. */
  readonly position: Float32Array;
  readonly hitId: Uint32Array;
  readonly volume: Uint32Array;
  readonly layer: Uint32Array;
  readonly module: Uint32Array;
  /** Row of `particles` that made each hit; 0 = noise, or not known. */
  readonly particle: Uint32Array;
  /** 1 where the truth says what made a hit. */
  readonly isKnown: ArrayLike<number>;
  readonly hasTruth: boolean;
  /** [P + 1], of which [0] stands for noise; NaN where nothing is known. */
  readonly particles: DisplayedParticles;
  /** Label of each hit, −1 = no track; undefined without a reconstruction. */
  readonly track: Tracks | undefined;
  readonly edges: { readonly source: Uint32Array; readonly target: Uint32Array } | undefined;
}

export interface DisplayedParticles {
  readonly id: BigUint64Array;
  readonly pt: Float32Array;
  readonly eta: Float32Array;
  readonly q: Float32Array;
  readonly vx: Float32Array;
  readonly vy: Float32Array;
  readonly vz: Float32Array;
}

export interface DisplayOptions {
  readonly tracks?: Tracks | undefined;
  /** Rows of hits. */
  readonly edges?: EdgeIndex | undefined;
}

export function displayOf(event: Event, { tracks, edges }: DisplayOptions = {}): Display {
  const { hits, truth, numHits } = event;
  if (tracks && tracks.length !== numHits)
    throw new ShapeError(`displayOf(tracks): expected i32 [${numHits}], got [${tracks.length}]`);
  if (edges) checkEdges("displayOf", edges, numHits);
  const position = new Float32Array(3 * numHits);
  for (let h = 0; h < numHits; h++) position.set([hits.x[h], hits.y[h], hits.z[h]], 3 * h);
  return {
    name: event.name,
    position,
    hitId: hits.hitId,
    volume: hits.volume,
    layer: hits.layer,
    module: hits.module,
    particle: truth?.particleIndex ?? new Uint32Array(numHits),
    isKnown: truth?.isKnown ?? new Uint8Array(numHits),
    hasTruth: truth !== undefined,
    particles: displayedParticles(event),
    track: tracks,
    edges: edges && {
      source: Uint32Array.from(edges.source),
      target: Uint32Array.from(edges.target),
    },
  };
}

function displayedParticles({ particles, particleIds }: Event): DisplayedParticles {
  const spread = (values: Float64Array | undefined) => {
    const column = new Float32Array(particleIds.length).fill(Number.NaN);
    particles?.index.forEach((p, row) => {
      column[p] = values![row];
    });
    return column;
  };
  return {
    id: particleIds,
    pt: spread(particles && particlePt(particles)),
    eta: spread(particles && particleEta(particles)),
    q: spread(particles?.q),
    vx: spread(particles?.vx),
    vy: spread(particles?.vy),
    vz: spread(particles?.vz),
  };
}
