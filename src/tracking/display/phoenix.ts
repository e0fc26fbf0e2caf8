/**
 * Phoenix event JSON, for the event display of the HEP Software Foundation (lengths mm, momenta GeV).
 *
 * A collection takes its color from its first entry, so hits of one color make one collection.
 */
import type { Display } from "./display.ts";
import { hitMatches } from "./hitMatches.ts";
import { linesOf } from "./lines.ts";

export interface PhoenixHit {
  type: "Point" | "Line";
  pos: number[];
  color: string;
}

export interface PhoenixTrack {
  pos: number[][];
  color: string;
  pT?: number;
  eta?: number;
}

export interface PhoenixVertex {
  pos: number[];
  color: string;
}

export interface PhoenixEvent {
  "event number": number;
  "run number": number;
  Hits: Record<string, PhoenixHit[]>;
  Tracks: Record<string, PhoenixTrack[]>;
  Vertices: Record<string, PhoenixVertex[]>;
}

const colors = {
  "Hits of particles": "#0072b2",
  Noise: "#999999",
  "Hits in the right track": "#009e73",
  "Hits in a wrong track": "#d55e00",
  "Hits in no track": "#999999",
  Hits: "#0072b2",
  Particles: "#56b4e9",
  Tracks: "#e69f00",
  Edges: "#bbbbbb",
  Vertices: "#cc79a7",
};
type Collection = keyof typeof colors;

/** The file's content: one event, under its name. */
export function phoenixEvents(display: Display): Record<string, PhoenixEvent> {
  const { name, track, hasTruth } = display;
  return {
    [name]: {
      "event number": Number(/\d+$/.exec(name)?.[0] ?? 0),
      "run number": 0,
      Hits: { ...hitCollections(display), ...edgeCollection(display) },
      Tracks: {
        ...(hasTruth ? { Particles: particleLines(display) } : {}),
        ...(track ? { Tracks: lines(display, "track", "Tracks") } : {}),
      },
      Vertices: hasTruth ? { Vertices: vertices(display) } : {},
    },
  };
}

function hitCollections(display: Display): Record<string, PhoenixHit[]> {
  const collections: Record<string, PhoenixHit[]> = {};
  const nameOf = collectionOfHit(display);
  for (let hit = 0; hit < display.hitId.length; hit++) {
    const name = nameOf(hit);
    collections[name] ??= [];
    collections[name].push({ type: "Point", pos: point(display, hit), color: colors[name] });
  }
  return collections;
}

function collectionOfHit(display: Display): (hit: number) => Collection {
  const { particle, isKnown, track, hasTruth } = display;
  if (track && hasTruth) {
    const { ofHit } = hitMatches(track, display);
    const names = {
      right: "Hits in the right track",
      wrong: "Hits in a wrong track",
      none: "Hits in no track",
    } as const;
    return (hit) => names[ofHit[hit]];
  }
  if (track) return (hit) => (track[hit] >= 0 ? "Hits" : "Hits in no track");
  return (hit) => (particle[hit] > 0 ? "Hits of particles" : isKnown[hit] ? "Noise" : "Hits");
}

function edgeCollection(display: Display): Record<string, PhoenixHit[]> {
  const { edges } = display;
  if (!edges) return {};
  const Edges = Array.from(edges.source, (from, e): PhoenixHit => {
    const pos = [...point(display, from), ...point(display, edges.target[e])];
    return { type: "Line", pos, color: colors.Edges };
  });
  return { Edges };
}

const lines = (display: Display, by: "particle" | "track", name: Collection): PhoenixTrack[] =>
  linesOf(display, by).map(({ hits }) => ({
    pos: hits.map((hit) => point(display, hit)),
    color: colors[name],
  }));

function particleLines(display: Display): PhoenixTrack[] {
  const { pt, eta } = display.particles;
  const groups = linesOf(display, "particle").map(({ group }) => group);
  return lines(display, "particle", "Particles").map((line, i) => {
    const p = groups[i];
    return Number.isNaN(pt[p]) ? line : { ...line, pT: pt[p], eta: eta[p] };
  });
}

/** Where particles with hits were made, each place once. */
function vertices({ particles, particle }: Display): PhoenixVertex[] {
  const { vx, vy, vz } = particles;
  const places = new Map<string, number[]>();
  for (const p of new Set(particle))
    if (p > 0 && !Number.isNaN(vx[p]))
      places.set(`${vx[p]} ${vy[p]} ${vz[p]}`, [vx[p], vy[p], vz[p]]);
  return [...places.values()].map((pos) => ({ pos, color: colors.Vertices }));
}

const point = ({ position }: Display, hit: number): number[] =>
  Array.from(position.subarray(3 * hit, 3 * hit + 3));
