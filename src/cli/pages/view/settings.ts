/** What the reader of the page can change. */
import type { Display } from "../../../tracking/display/index.ts";

export type ColorBy = "particle" | "track" | "match" | "pt" | "layer" | "none";
export type LinesOf = "none" | "particle" | "track";
export type Theme = "light" | "dark";

export interface Settings {
  colorBy: ColorBy;
  lines: LinesOf;
  showEdges: boolean;
  showNoise: boolean;
  markWrong: boolean;
  showLayers: boolean;
  /** GeV; a hit is drawn if its particle has at least this. */
  minPt: number;
  /** Of the particle; of the hit itself where none is known. */
  maxEta: number;
  /** Diameter of a hit, pixels. */
  size: number;
  theme: Theme;
}

export const anyEta = 5; // the slider's end, which cuts nothing

export function defaultSettings(display: Display): Settings {
  const { track, hasTruth, hitId, edges } = display;
  const isLarge = hitId.length > 8000; // lines would cover the hits
  const prefersDark = matchMedia("(prefers-color-scheme: dark)").matches;
  const shown = track ? "track" : hasTruth ? "particle" : "none";
  return {
    colorBy: shown,
    lines: isLarge ? "none" : shown,
    showEdges: edges !== undefined,
    showNoise: true,
    markWrong: track !== undefined && hasTruth,
    showLayers: true,
    minPt: 0,
    maxEta: anyEta,
    size: isLarge ? 2.5 : hitId.length > 2000 ? 4 : 6,
    theme: prefersDark ? "dark" : "light",
  };
}
