import type { EventSummary, Spread } from "../tracking/index.ts";
import { table } from "./table.ts";

const rows: [what: string, of: (summary: EventSummary) => number | Spread][] = [
  ["hits", (s) => s.hits],
  ["noise, share of hits", (s) => s.noiseShare],
  ["particles", (s) => s.particles],
  ["secondaries, share of particles", (s) => s.secondaryShare],
  ["particles without a hit", (s) => s.unseenShare],
  ["hits per particle", (s) => s.hitsPerParticle],
  ["layers per particle", (s) => s.layersPerParticle],
  ["pt (GeV)", (s) => s.pt],
  ["|eta|", (s) => s.absEta],
  ["z of vertex (mm)", (s) => s.vertexZ],
];

/** Events side by side: counts, shares and spreads, then the volumes of the detector. */
export function comparisonTable(
  summaries: readonly EventSummary[],
  names: readonly string[],
): string {
  const counts = table(
    ["mean (10 %, 50 %, 90 %)", ...names],
    rows.map(([what, of]) => [what, ...summaries.map((summary) => shown(of(summary)))]),
  );
  const volumes = [...new Set(summaries.flatMap((s) => s.volumes.map(({ volume }) => volume)))];
  const perVolume = volumes.map((volume) => {
    const found = summaries.map((s) => s.volumes.find((v) => v.volume === volume));
    const column = (of: "hitShare" | "cellsPerHit" | "residual") =>
      found.map((v) => number(v?.[of] ?? Number.NaN)).join(", ");
    return [`${volume}`, column("hitShare"), column("cellsPerHit"), column("residual")];
  });
  const heads = ["volume", "share of hits", "cells per hit", "residual (mm)"];
  return `${counts}\n\n${table(heads, perVolume)}`;
}

const number = (value: number): string =>
  Number.isNaN(value)
    ? "–"
    : Number.isInteger(value)
      ? `${value}`
      : `${Number(value.toPrecision(3))}`;

const shown = (value: number | Spread): string =>
  typeof value === "number"
    ? number(value)
    : `${number(value.mean)} (${[value.p10, value.p50, value.p90].map(number).join(", ")})`;
