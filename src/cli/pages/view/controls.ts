/** The sidebar's controls: each changes one setting and says so. */
import type { Display } from "../../../tracking/display/index.ts";
import { element } from "./element.ts";
import { anyEta, type Settings } from "./settings.ts";

type Change = () => void;

export function controls(display: Display, settings: Settings, onChange: Change): HTMLElement[] {
  const { track, hasTruth, edges } = display;
  const both = track !== undefined && hasTruth;
  const choose = <K extends "colorBy" | "lines">(
    name: K,
    text: string,
    choices: readonly (readonly [Settings[K], string, boolean])[],
  ) => {
    const options = choices
      .filter(([, , isPossible]) => isPossible)
      .map(([value, label]) => element("option", { value, textContent: label }));
    const select = element("select", { id: name }, ...options);
    select.value = settings[name];
    select.addEventListener("change", () => {
      settings[name] = select.value as Settings[K];
      onChange();
    });
    return element("label", {}, text, select);
  };
  const check = (
    name: "showNoise" | "markWrong" | "showLayers" | "showEdges",
    text: string,
    isPossible: boolean,
  ) => {
    const box = element("input", { type: "checkbox", id: name, checked: settings[name] });
    box.addEventListener("change", () => {
      settings[name] = box.checked;
      onChange();
    });
    return element("label", { hidden: !isPossible }, text, box);
  };
  const slide = (
    name: "minPt" | "maxEta" | "size",
    text: string,
    range: { min: number; max: number; step: number },
    show: (value: number) => string,
  ) => {
    const slider = element("input", { type: "range", id: name });
    for (const [key, value] of Object.entries(range)) slider.setAttribute(key, `${value}`);
    slider.value = `${settings[name]}`;
    const shown = element("output", { textContent: show(settings[name]) });
    slider.addEventListener("input", () => {
      settings[name] = Number(slider.value);
      shown.textContent = show(settings[name]);
      onChange();
    });
    return element("label", {}, text, slider, shown);
  };

  const pt = slide("minPt", "pT ≥", { min: 0, max: 5, step: 0.05 }, (x) =>
    x === 0 ? "any" : `${x.toFixed(2)} GeV`,
  );
  pt.hidden = !hasTruth;
  return [
    element("h2", { textContent: "Color and lines" }),
    choose("colorBy", "Color hits by", [
      ["particle", "particle", hasTruth],
      ["track", "track", track !== undefined],
      ["match", "right or wrong", both],
      ["pt", "pT of particle", hasTruth],
      ["layer", "layer", true],
      ["none", "nothing", true],
    ]),
    choose("lines", "Lines", [
      ["none", "none", true],
      ["particle", "of particles", hasTruth],
      ["track", "of tracks", track !== undefined],
    ]),
    check("showEdges", "Edges of the graph", edges !== undefined),
    check("markWrong", "Mark wrong hits", both),
    check("showLayers", "Detector layers", true),
    element("h2", { textContent: "Cuts" }),
    pt,
    slide("maxEta", "|η| ≤", { min: 0, max: anyEta, step: 0.1 }, (x) =>
      x === anyEta ? "any" : x.toFixed(1),
    ),
    check("showNoise", "Noise hits", hasTruth),
    slide("size", "Size", { min: 1, max: 12, step: 0.5 }, (x) => `${x} px`),
  ];
}
