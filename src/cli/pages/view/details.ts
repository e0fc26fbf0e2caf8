/** The sidebar's numbers: of the event, of the colors, and of the hit that was picked. */
import { cssColor, legendGradient, palettes, ptRange } from "./colors.ts";
import { element } from "./element.ts";
import type { Hits } from "./hits.ts";
import type { Settings } from "./settings.ts";

type Row = readonly [name: string, value: string];

export const list = (rows: readonly Row[]): HTMLElement =>
  element(
    "dl",
    {},
    ...rows.flatMap(([name, value]) => [
      element("dt", { textContent: name }),
      element("dd", { textContent: value }),
    ]),
  );

export function eventNumbers({ display, numHits, matches, lines }: Hits, numDrawn: number): Row[] {
  const { hasTruth, track, particle, isKnown, edges } = display;
  const count = (n: number) => n.toLocaleString("en").replaceAll(",", "\u202f");
  const rows: Row[] = [["Hits drawn", `${count(numDrawn)} of ${count(numHits)}`]];
  if (hasTruth) {
    const noise = particle.reduce((sum, p, hit) => sum + (p === 0 && isKnown[hit] ? 1 : 0), 0);
    const unknown = numHits - Array.from(isKnown).filter(Boolean).length;
    rows.push(["Particles (≥ 2 hits)", count(lines.particle.length)]);
    rows.push(["Noise hits", count(noise)]);
    if (unknown > 0) rows.push(["Hits without truth", count(unknown)]);
  }
  if (track) rows.push(["Tracks (≥ 2 hits)", count(lines.track.length)]);
  if (matches) {
    const wrong = matches.ofHit.filter((match) => match === "wrong").length;
    rows.push(["Wrong hits", count(wrong)]);
  }
  if (edges) rows.push(["Edges", count(edges.source.length)]);
  return rows;
}

/** Everything that is known of a hit. */
export function hitNumbers({ display, r, phi, eta, matches }: Hits, hit: number): Row[] {
  const { position, particles, track, hasTruth } = display;
  const mm = (value: number) => `${sign(value.toFixed(2))} mm`;
  const [x, y, z] = position.subarray(3 * hit, 3 * hit + 3);
  const rows: Row[] = [
    ["Hit", `${display.hitId[hit]}`],
    ["x, y", `${sign(x.toFixed(2))}, ${mm(y)}`],
    ["z", mm(z)],
    ["r", mm(r[hit])],
    ["φ", sign(phi[hit].toFixed(4))],
    ["η", sign(eta[hit].toFixed(3))],
    [
      "Volume, layer, module",
      [display.volume, display.layer, display.module].map((c) => c[hit]).join(", "),
    ],
  ];
  const p = display.particle[hit];
  if (hasTruth) rows.push(["Particle", nameOf(p, display.isKnown[hit])]);
  if (p > 0 && !Number.isNaN(particles.pt[p])) {
    rows.push(["its pT", `${particles.pt[p].toPrecision(3)} GeV`]);
    rows.push(["its η", sign(particles.eta[p].toFixed(3))]);
    rows.push(["its charge", sign(`${particles.q[p]}`)]);
  }
  if (track) {
    rows.push(["Track", track[hit] < 0 ? "none" : `${track[hit]}`]);
    const main = matches?.particleOfTrack.get(track[hit]);
    if (main !== undefined)
      rows.push(["mostly of", main === p && p > 0 ? "this particle" : nameOf(main, 1)]);
  }
  return rows;

  function nameOf(index: number, isKnown: number): string {
    return index > 0 ? `${particles.id[index]}` : isKnown ? "noise" : "not known";
  }
}

const sign = (text: string): string => text.replace("-", "−");

/** What the colors mean. */
export function legend(
  { display, matches }: Hits,
  { colorBy, theme, markWrong, showEdges }: Settings,
): HTMLElement[] {
  const { right, wrong, quiet } = palettes[theme];
  const key = (color: string, text: string, isRing = false) => {
    const dot = element("i", { className: isRing ? "ring" : "" });
    dot.style.cssText = isRing ? `border-color:${color}` : `background:${color}`;
    return element("div", { className: "key" }, dot, text);
  };
  const keys: HTMLElement[] = [];
  if (colorBy === "pt") {
    const ramp = element("i", { className: "ramp" });
    ramp.style.background = legendGradient;
    keys.push(element("div", { className: "key" }, `${ptRange[0]}`, ramp, `${ptRange[1]} GeV`));
  }
  if (colorBy === "match") {
    keys.push(key(cssColor(right), "in the track of its particle"));
    keys.push(key(cssColor(wrong), "in a track of another"));
  }
  const rest = {
    particle: "noise, or not known",
    track: "in no track",
    match: "in no track",
    pt: "noise, or not known",
    layer: "",
    none: "",
  };
  if (rest[colorBy]) keys.push(key(cssColor(quiet), rest[colorBy]));
  if (markWrong && matches) keys.push(key(cssColor(wrong), "wrong hit of a track", true));
  if (showEdges && display.edges && display.hasTruth) {
    keys.push(key(cssColor(right), "true edge"));
    keys.push(key(cssColor(wrong), "false edge"));
  }
  return keys;
}
