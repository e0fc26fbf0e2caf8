import * as three from "three";
import type { Panel } from "./panels.ts";

export type Pixel = readonly [x: number, y: number];

/** From mm in space to pixels of the panel's element; null behind the eye. */
export function projector({ projection, camera, element }: Panel) {
  camera.updateMatrixWorld();
  const matrix = new three.Matrix4().multiplyMatrices(
    camera.projectionMatrix,
    camera.matrixWorldInverse,
  );
  const m = matrix.elements; // by column
  const [width, height] = [element.clientWidth, element.clientHeight];
  return (x: number, y: number, z: number): Pixel | null => {
    if (projection === "rz") [x, y, z] = [z, Math.hypot(x, y), 0];
    if (projection === "xy") z = 0;
    const w = m[3] * x + m[7] * y + m[11] * z + m[15];
    if (w <= 0) return null;
    const atX = (m[0] * x + m[4] * y + m[8] * z + m[12]) / w;
    const atY = (m[1] * x + m[5] * y + m[9] * z + m[13]) / w;
    return [((atX + 1) / 2) * width, ((1 - atY) / 2) * height];
  };
}

/** The drawn hit nearest to a place in a panel, within `reach` pixels; −1 if there is none. */
export function nearestHit(
  panel: Panel,
  position: Float32Array,
  visible: Uint32Array,
  [atX, atY]: Pixel,
  reach = 10,
): number {
  const project = projector(panel);
  let [best, distance] = [-1, reach];
  for (const hit of visible) {
    const at = project(position[3 * hit], position[3 * hit + 1], position[3 * hit + 2]);
    if (!at) continue;
    const away = Math.hypot(at[0] - atX, at[1] - atY);
    if (away < distance) [best, distance] = [hit, away];
  }
  return best;
}
