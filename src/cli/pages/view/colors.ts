/** Colors that people with any color vision tell apart; a dark page gets lighter ones. */
import type { Hits } from "./hits.ts";
import type { ColorBy, Theme } from "./settings.ts";

export type Rgb = readonly [r: number, g: number, b: number]; // 0 … 255

interface Palette {
  /** Neighbours in turn, after Okabe & Ito 2008 (Color Universal Design). */
  readonly groups: readonly Rgb[];
  readonly quiet: Rgb; // noise, and what is in no track
  readonly right: Rgb;
  readonly wrong: Rgb;
  readonly edge: Rgb;
  readonly layer: Rgb;
  readonly background: Rgb;
}

const hex = (text: string): Rgb =>
  [1, 3, 5].map((at) => Number.parseInt(text.slice(at, at + 2), 16)) as unknown as Rgb;
const all = (texts: string): Rgb[] => texts.split(" ").map(hex);

export const palettes: Readonly<Record<Theme, Palette>> = {
  light: {
    groups: all("#0072b2 #d55e00 #009e73 #cc5f9e #b8860b #3aa0d8 #6a51a3 #7a6a1a"),
    quiet: hex("#b4b8bf"),
    right: hex("#009e73"),
    wrong: hex("#d3222a"),
    edge: hex("#8b93a1"),
    layer: hex("#d3d9e2"),
    background: hex("#ffffff"),
  },
  dark: {
    groups: all("#4ea8ff #ff9d4d #3ddba5 #f28ec9 #f4d35e #7fdcff #b9a2ff #d0c26a"),
    quiet: hex("#5b6472"),
    right: hex("#3ddba5"),
    wrong: hex("#ff5a52"),
    edge: hex("#77808f"),
    layer: hex("#2b3442"),
    background: hex("#0d1117"),
  },
};

// viridis, by Smith and van der Walt 2015, at five places
const viridis = all("#440154 #3b528b #21918c #5ec962 #fde725");

/** Color of each hit, u8 [H, 3]. */
export function hitColors(hits: Hits, by: ColorBy, theme: Theme): Uint8Array {
  const colors = new Uint8Array(3 * hits.numHits);
  const colorOf = colorings[by](hits, palettes[theme]);
  for (let h = 0; h < hits.numHits; h++) colors.set(colorOf(h), 3 * h);
  return colors;
}

/** Neighbouring numbers get different colors, the same one everywhere. */
export const groupColor = (group: number, { groups }: Palette): Rgb =>
  groups[group % groups.length];

type Coloring = (hits: Hits, palette: Palette) => (hit: number) => Rgb;

const colorings: Readonly<Record<ColorBy, Coloring>> = {
  none:
    (_, { groups }) =>
    () =>
      groups[0],
  particle({ display: { particle } }, palette) {
    return (hit) => (particle[hit] > 0 ? groupColor(particle[hit], palette) : palette.quiet);
  },
  track({ display: { track } }, palette) {
    return (hit) => (track && track[hit] >= 0 ? groupColor(track[hit], palette) : palette.quiet);
  },
  match({ matches }, palette) {
    const { right, wrong, quiet } = palette;
    const colors = { right, wrong, none: quiet };
    return (hit) => colors[matches?.ofHit[hit] ?? "none"];
  },
  pt({ display: { particle, particles } }, { quiet }) {
    const [low, high] = ptRange.map(Math.log);
    return (hit) => {
      const pt = particles.pt[particle[hit]];
      if (particle[hit] === 0 || Number.isNaN(pt)) return quiet;
      return ramp((Math.log(pt) - low) / (high - low));
    };
  },
  layer({ display: { volume, layer } }, palette) {
    return (hit) => groupColor(volume[hit] * 3 + (layer[hit] >> 1), palette);
  },
};

/** GeV, from one end of the color scale to the other. */
export const ptRange = [0.1, 10];

function ramp(at: number): Rgb {
  const place = Math.min(1, Math.max(0, at)) * (viridis.length - 1);
  const left = Math.min(viridis.length - 2, Math.floor(place));
  const mix = (c: 0 | 1 | 2) =>
    viridis[left][c] + (place - left) * (viridis[left + 1][c] - viridis[left][c]);
  return [mix(0), mix(1), mix(2)];
}

export const cssColor = ([r, g, b]: Rgb, alpha = 1): string => `rgb(${r} ${g} ${b} / ${alpha})`;
export const legendGradient = `linear-gradient(to right, ${viridis.map((c) => cssColor(c)).join(", ")})`;
