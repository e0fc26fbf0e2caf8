/** Three canvases over each other: layers and axes, the hits, and what is picked. */
import * as three from "three";
import type { LayerOutline } from "../../../tracking/display/index.ts";
import { drawBehind, type Ink } from "./axes.ts";
import { cssColor, palettes } from "./colors.ts";
import { element } from "./element.ts";
import type { Hits } from "./hits.ts";
import type { Extent, Panel } from "./panels.ts";
import { projector } from "./project.ts";
import type { HitScene } from "./scene.ts";
import type { Settings } from "./settings.ts";

export interface Stage {
  /** Draws everything now; says how many hits each view got. */
  draw(panels: readonly Panel[], settings: Settings, picked: number): Record<string, number>;
  /** The picture as it is on the screen. */
  picture(): HTMLCanvasElement;
}

export interface StageOptions {
  readonly main: HTMLElement;
  readonly hits: Hits;
  readonly drawn: HitScene;
  readonly layers: readonly LayerOutline[];
  readonly extent: Extent;
}

export function stage({ main, hits, drawn, layers, extent }: StageOptions): Stage {
  const canvases = ["under", "hits", "over"].map((className) => element("canvas", { className }));
  main.append(...canvases);
  const [under, over] = [canvases[0], canvases[2]].map((canvas) => canvas.getContext("2d")!);
  const renderer = new three.WebGLRenderer({
    canvas: canvases[1],
    alpha: true,
    antialias: true,
    preserveDrawingBuffer: true, // so that a picture can be saved
  });
  renderer.outputColorSpace = three.LinearSRGBColorSpace; // our colors are those of the screen
  renderer.setScissorTest(true);

  const resize = () => {
    const { clientWidth: width, clientHeight: height } = main;
    renderer.setPixelRatio(devicePixelRatio);
    renderer.setSize(width, height, false);
    for (const pen of [under, over]) {
      pen.canvas.width = width * devicePixelRatio;
      pen.canvas.height = height * devicePixelRatio;
      pen.scale(devicePixelRatio, devicePixelRatio);
    }
  };
  /** Draws with the origin in the corner of the panel. */
  const inPanel = (pen: CanvasRenderingContext2D, panel: Panel, draw: () => void) => {
    const { x, y } = boxOf(panel, main);
    pen.save();
    pen.translate(x, y);
    draw();
    pen.restore();
  };

  return {
    draw(panels, settings, picked) {
      resize();
      const palette = palettes[settings.theme];
      const ink: Ink =
        settings.theme === "dark"
          ? { layer: cssColor(palette.layer), axis: "#3a4453", text: "#aab4c3" }
          : { layer: cssColor(palette.layer), axis: "#aeb6c2", text: "#4a5566" };
      under.fillStyle = cssColor(palette.background);
      const counts: Record<string, number> = {};
      for (const panel of panels) {
        const card = panel.element.parentElement!;
        if (card.offsetParent === null) continue; // hidden
        under.beginPath();
        under.roundRect(card.offsetLeft, card.offsetTop, card.offsetWidth, card.offsetHeight, 10);
        under.fill();
        const shown = settings.showLayers ? layers : [];
        inPanel(under, panel, () => drawBehind(under, panel, { layers: shown, extent, ink }));
        drawHits(panel);
        counts[panel.projection] = renderer.info.render.points;
        if (picked >= 0) inPanel(over, panel, () => drawPicked(panel, picked, ink));
      }
      return counts;
    },
    picture() {
      const whole = element("canvas", { width: canvases[0].width, height: canvases[0].height });
      const pen = whole.getContext("2d")!;
      for (const canvas of canvases) pen.drawImage(canvas, 0, 0);
      return whole;
    },
  };

  function drawHits(panel: Panel): void {
    const { x, y, width, height } = boxOf(panel, main);
    const bottom = main.clientHeight - y - height;
    renderer.setViewport(x, bottom, width, height);
    renderer.setScissor(x, bottom, width, height);
    const { uniforms, scene } = drawn;
    uniforms.projection.value = ["space", "xy", "rz"].indexOf(panel.projection);
    const away = panel.camera.position.length();
    uniforms.fadeFrom.value = away;
    uniforms.fadeTo.value = away + 1.6 * Math.hypot(extent.r, extent.z);
    // three sends them again only when asked to
    scene.traverse((object) => {
      const { material } = object as three.Points;
      if (material instanceof three.ShaderMaterial) material.uniformsNeedUpdate = true;
    });
    renderer.render(scene, panel.camera);
  }

  /** The hit, its particle as a line, and its track as a dashed one. */
  function drawPicked(panel: Panel, hit: number, { text }: Ink): void {
    const { position, particle, track } = hits.display;
    const project = projector(panel);
    const at = (h: number) => project(position[3 * h], position[3 * h + 1], position[3 * h + 2]);
    over.beginPath();
    over.rect(0, 0, panel.element.clientWidth, panel.element.clientHeight);
    over.clip();
    over.strokeStyle = text;
    over.lineWidth = 2;
    const groups = { particle: particle[hit] || -1, track: track?.[hit] ?? -1 };
    for (const by of ["particle", "track"] as const) {
      const line = hits.lines[by].find(({ group }) => group === groups[by]);
      over.setLineDash(by === "track" ? [5, 4] : []);
      over.beginPath();
      for (const point of line?.hits.map(at) ?? []) if (point) over.lineTo(...point);
      over.stroke();
    }
    over.setLineDash([]);
    const centre = at(hit);
    if (!centre) return;
    over.beginPath();
    over.arc(...centre, 9, 0, 2 * Math.PI);
    over.stroke();
  }
}

function boxOf({ element: view }: Panel, main: HTMLElement) {
  const [box, origin] = [view.getBoundingClientRect(), main.getBoundingClientRect()];
  return {
    x: box.left - origin.left,
    y: box.top - origin.top,
    width: box.width,
    height: box.height,
  };
}
