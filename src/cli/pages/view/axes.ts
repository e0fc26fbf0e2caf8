/** What lies behind the hits: the detector's layers, axes with their units. */
import type { LayerOutline } from "../../../tracking/display/index.ts";
import type { Extent, Panel } from "./panels.ts";
import { type Pixel, projector } from "./project.ts";

export interface Ink {
  readonly layer: string;
  readonly axis: string;
  readonly text: string;
}

type Pen = CanvasRenderingContext2D;
const font = '11px ui-sans-serif, system-ui, "Segoe UI", sans-serif';
const labels = { xy: ["x [mm]", "y [mm]"], rz: ["z [mm]", "r [mm]"] } as const;

/** Draws in the coordinates of the panel's element. */
export function drawBehind(
  pen: Pen,
  panel: Panel,
  { layers, extent, ink }: { layers: readonly LayerOutline[]; extent: Extent; ink: Ink },
): void {
  const { clientWidth: width, clientHeight: height } = panel.element;
  pen.save();
  pen.beginPath();
  pen.rect(0, 0, width, height);
  pen.clip();
  pen.strokeStyle = ink.layer;
  pen.lineWidth = 1;
  for (const layer of layers) drawLayer(pen, panel, layer);
  if (panel.projection !== "xy") drawBeam(pen, panel, extent, ink);
  pen.restore();
  if (panel.window) drawAxes(pen, panel, ink);
  else drawDirections(pen, panel, ink);
}

function drawLayer(pen: Pen, panel: Panel, layer: LayerOutline): void {
  const project = projector(panel);
  for (const line of outlines[panel.projection](layer))
    stroke(
      pen,
      line.map((point) => project(...point)),
    );
}

type Point = readonly [x: number, y: number, z: number];

/** The lines that stand for a layer in each view. */
const outlines: Readonly<Record<Panel["projection"], (layer: LayerOutline) => Point[][]>> = {
  space: ({ isBarrel, r, z }) =>
    isBarrel ? z.map((at) => circle(mean(r), at)) : r.map((radius) => circle(radius, mean(z))),
  xy: ({ isBarrel, r }) => (isBarrel ? [circle(mean(r), 0)] : []),
  rz: ({ isBarrel, r, z }) =>
    isBarrel
      ? [z.map((at): Point => [mean(r), 0, at])]
      : [r.map((radius): Point => [radius, 0, mean(z)])],
};

const mean = ([low, high]: readonly [number, number]): number => (low + high) / 2;

const circle = (radius: number, z: number): Point[] =>
  Array.from({ length: 73 }, (_, i) => {
    const phi = (i / 72) * 2 * Math.PI;
    return [radius * Math.cos(phi), radius * Math.sin(phi), z];
  });

function stroke(pen: Pen, points: readonly (Pixel | null)[]): void {
  pen.beginPath();
  let isDown = false;
  for (const point of points) {
    if (!point) isDown = false;
    else if (isDown) pen.lineTo(...point);
    else {
      pen.moveTo(...point);
      isDown = true;
    }
  }
  pen.stroke();
}

function drawBeam(pen: Pen, panel: Panel, { z }: Extent, ink: Ink): void {
  const project = projector(panel);
  pen.strokeStyle = ink.axis;
  pen.setLineDash([6, 4]);
  stroke(pen, [project(0, 0, -1.05 * z), project(0, 0, 1.05 * z)]);
  pen.setLineDash([]);
}

function drawAxes(pen: Pen, panel: Panel, ink: Ink): void {
  const { left, right, bottom, top } = panel.window!();
  const { clientWidth: width, clientHeight: height } = panel.element;
  pen.font = font;
  pen.fillStyle = ink.text;
  pen.strokeStyle = ink.axis;
  pen.lineWidth = 1;
  pen.strokeRect(0.5, 0.5, width - 1, height - 1);
  pen.textAlign = "center";
  pen.textBaseline = "top";
  for (const value of ticks(left, right, width / 80)) {
    const x = ((value - left) / (right - left)) * width;
    stroke(pen, [
      [x, height],
      [x, height - 5],
    ]);
    pen.fillText(tickLabel(value), x, height + 5);
  }
  pen.textAlign = "right";
  pen.textBaseline = "middle";
  for (const value of ticks(bottom, top, height / 50)) {
    const y = ((top - value) / (top - bottom)) * height;
    stroke(pen, [
      [0, y],
      [5, y],
    ]);
    pen.fillText(tickLabel(value), -6, y);
  }
  const [across, up] = labels[panel.projection as "xy" | "rz"];
  pen.font = `600 ${font}`;
  pen.textBaseline = "top";
  pen.fillText(across, width, height + 20);
  pen.textAlign = "left";
  pen.textBaseline = "bottom";
  pen.fillText(up, -44, -5);
}

/** A small cross of the three directions, as they point now. */
function drawDirections(pen: Pen, panel: Panel, ink: Ink): void {
  const project = projector(panel);
  const centre = project(0, 0, 0);
  const ends = [project(100, 0, 0), project(0, 100, 0), project(0, 0, 100)];
  if (!centre || ends.some((end) => end === null)) return;
  const longest = Math.max(
    ...ends.map((end) => Math.hypot(end![0] - centre[0], end![1] - centre[1])),
  );
  const at: Pixel = [48, panel.element.clientHeight - 44];
  pen.font = `600 ${font}`;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  for (const [axis, end] of ends.entries()) {
    const [dx, dy] = [0, 1].map((i) => (28 * (end![i] - centre[i])) / longest);
    pen.strokeStyle = ink.text;
    pen.fillStyle = ink.text;
    pen.lineWidth = 1.5;
    stroke(pen, [at, [at[0] + dx, at[1] + dy]]);
    pen.fillText("xyz"[axis], at[0] + 1.35 * dx, at[1] + 1.35 * dy);
  }
}

/** About `count` round numbers in a range. */
export function ticks(low: number, high: number, count: number): number[] {
  const rough = (high - low) / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((factor) => factor * power >= rough)!;
  const first = Math.ceil(low / step);
  return Array.from({ length: Math.floor(high / step) - first + 1 }, (_, i) => (first + i) * step);
}

const tickLabel = (value: number): string => `${Number(value.toPrecision(6))}`.replace("-", "−");
