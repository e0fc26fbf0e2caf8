/** The page of `trackgrad view`. */
import { type Display, layerOutlines } from "../../../tracking/display/index.ts";
import { readData } from "../data.ts";
import { unpackArrays } from "../unpack.ts";
import { controls } from "./controls.ts";
import { eventNumbers, hitNumbers, legend, list } from "./details.ts";
import { element } from "./element.ts";
import { type Hits, hitsOf } from "./hits.ts";
import { type Extent, flatPanel, type Panel, place, spacePanel } from "./panels.ts";
import { nearestHit } from "./project.ts";
import { hitScene } from "./scene.ts";
import { defaultSettings } from "./settings.ts";
import { type Stage, stage } from "./stage.ts";
import { style } from "./style.ts";

document.head.append(element("style", { textContent: style }));
try {
  show(hitsOf(unpackArrays<Display>(readData())));
} catch (error) {
  const why = `This page needs WebGL: ${(error as Error).message}`;
  document.body.replaceChildren(element("p", { className: "problem", textContent: why }));
}

function show(hits: Hits): void {
  const { display } = hits;
  const settings = defaultSettings(display);
  const extent = extentOf(hits);
  let picked = -1;
  let isDue = false;

  const main = element("main");
  const cards = (["space", "xy", "rz"] as const).map((name) => {
    const view = element("div", { className: "view" });
    const card = element("section", { className: `card ${name}` }, view);
    main.append(card);
    return { name, card, view };
  });
  const subtitle = element("p");
  const title = element("header", {}, element("h1", { textContent: display.name }), subtitle);
  cards[0].card.append(title);
  const facts = element("div");
  const keys = element("div");
  const details = element("div");
  const dark = element("button", { id: "theme", textContent: "Light / dark" });
  const save = element("button", { id: "save", textContent: "Save picture" });
  const reset = element("button", { id: "reset", textContent: "Reset views" });
  const aside = element(
    "aside",
    {},
    element("h2", { textContent: "Event" }),
    facts,
    ...controls(display, settings, () => change()),
    keys,
    element("div", { className: "row" }, dark, reset),
    element("div", { className: "row" }, save),
    element("h2", { textContent: "Picked hit" }),
    details,
  );
  document.body.append(main, aside);

  const drawn = hitScene(hits);
  const panels: Panel[] = cards.map(({ name, view }) =>
    name === "space" ? spacePanel(view, extent, redraw) : flatPanel(view, name, extent, redraw),
  );
  const picture: Stage = stage({ main, hits, drawn, layers: layerOutlines(display), extent });

  for (const { name, card } of cards) card.append(enlarger(name));
  for (const panel of panels) whenClicked(panel, (hit) => pick(hit));
  reset.addEventListener("click", () => {
    for (const panel of panels) panel.reset();
    redraw();
  });
  dark.addEventListener("click", () => {
    settings.theme = settings.theme === "dark" ? "light" : "dark";
    change();
  });
  save.addEventListener("click", () => {
    const link = element("a", {
      href: picture.picture().toDataURL(),
      download: `${display.name}.png`,
    });
    link.click();
  });
  addEventListener("keydown", ({ key }) => key === "Escape" && pick(-1));
  new ResizeObserver(() => {
    for (const panel of panels) panel.resize();
    redraw();
  }).observe(main);
  pick(-1);
  change();

  /** After a setting has changed: what is drawn, and the numbers beside it. */
  function change(): void {
    document.documentElement.dataset.theme = settings.theme;
    drawn.apply(settings);
    facts.replaceChildren(list(eventNumbers(hits, drawn.visible.length)));
    keys.replaceChildren(...legend(hits, settings));
    const cuts = [
      settings.minPt > 0 ? `pT ≥ ${settings.minPt.toFixed(2)} GeV` : "",
      settings.maxEta < 5 ? `|η| ≤ ${settings.maxEta.toFixed(1)}` : "",
    ].filter(Boolean);
    subtitle.textContent = [`${drawn.visible.length} hits`, ...cuts].join(" · ");
    redraw();
  }

  /** At most once per frame. */
  function redraw(): void {
    if (isDue) return;
    isDue = true;
    requestAnimationFrame(() => {
      isDue = false;
      const began = performance.now();
      const counts = picture.draw(panels, settings, picked);
      document.body.dataset.drawn = JSON.stringify(counts); // what tests and scripts can read
      document.body.dataset.milliseconds = `${performance.now() - began}`;
    });
  }

  function pick(hit: number): void {
    picked = hit;
    const hint = element("p", {
      className: "hint",
      textContent: "Click a hit to see its numbers.",
    });
    details.replaceChildren(hit < 0 ? hint : list(hitNumbers(hits, hit)));
    redraw();
  }

  function whenClicked(panel: Panel, then: (hit: number) => void): void {
    let start: [number, number] = [0, 0];
    panel.element.addEventListener("pointerdown", ({ clientX, clientY }) => {
      start = [clientX, clientY];
    });
    panel.element.addEventListener("pointerup", (event) => {
      if (Math.hypot(event.clientX - start[0], event.clientY - start[1]) > 4) return; // a drag
      const [x, y] = place(panel.element, event);
      const at = [x * panel.element.clientWidth, y * panel.element.clientHeight] as const;
      then(nearestHit(panel, display.position, drawn.visible, at));
    });
  }

  function enlarger(name: string): HTMLElement {
    const button = element("button", { textContent: "⤢", title: "one view or all" });
    button.addEventListener("click", () => {
      if (main.dataset.large === name) delete main.dataset.large;
      else main.dataset.large = name;
      for (const panel of panels) panel.resize();
      redraw();
    });
    return element("div", { className: "tools" }, button);
  }
}

/** The detector as far as hits reach, and never nothing: one hit at the origin has room around it. */
function extentOf({ r, display: { position }, numHits }: Hits): Extent {
  let [mostR, mostZ] = [10, 10];
  for (let h = 0; h < numHits; h++) {
    mostR = Math.max(mostR, r[h]);
    mostZ = Math.max(mostZ, Math.abs(position[3 * h + 2]));
  }
  return { r: mostR, z: mostZ };
}
