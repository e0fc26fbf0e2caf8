/** The three views: where each looks, and how the pointer moves it. */
import * as three from "three";
import { OrbitControls } from "three/addons/controls/OrbitControls.js";

export type Projection = "space" | "xy" | "rz";

/** Extent of the detector, or of the event if it is larger; mm. */
export interface Extent {
  readonly r: number;
  readonly z: number;
}

export interface Panel {
  readonly projection: Projection;
  readonly element: HTMLElement;
  readonly camera: three.Camera;
  /** Fits the camera to the element's size. */
  resize(): void;
  reset(): void;
  /** What the axes span; undefined in space. */
  readonly window: (() => Window2d) | undefined;
}

export interface Window2d {
  readonly left: number;
  readonly right: number;
  readonly bottom: number;
  readonly top: number;
}

export function spacePanel(element: HTMLElement, extent: Extent, onMove: () => void): Panel {
  const camera = new three.PerspectiveCamera(32, 1, 0.003 * extent.z, 60 * extent.z);
  const controls = new OrbitControls(camera, element);
  controls.addEventListener("change", onMove);
  const reset = () => {
    // from the side and a little from above, the beam going to the right
    const from = new three.Vector3(-0.54, 0.34, 0.77).normalize();
    const look = (distance: number) => {
      camera.position.copy(from).multiplyScalar(distance);
      camera.lookAt(0, 0, 0);
      camera.updateMatrixWorld();
    };
    let distance = Math.hypot(extent.r, extent.z);
    for (look(distance); !isInside(camera, extent); distance *= 1.03) look(distance);
    controls.target.set(0, 0, 0);
    controls.update();
  };
  const resize = () => {
    camera.aspect = element.clientWidth / Math.max(1, element.clientHeight);
    camera.updateProjectionMatrix();
  };
  resize();
  reset();
  return { projection: "space", element, camera, resize, reset, window: undefined };
}

/** Whether the whole detector, a cylinder, is in the picture. */
function isInside(camera: three.Camera, { r, z }: Extent): boolean {
  const eighths = Array.from({ length: 8 }, (_, i) => (i / 4) * Math.PI);
  const edge = [-z, z].flatMap((end) =>
    eighths.map((phi) => new three.Vector3(r * Math.cos(phi), r * Math.sin(phi), end)),
  );
  return edge.every((point) => {
    const { x, y, z: depth } = point.project(camera);
    return Math.abs(x) < 0.97 && Math.abs(y) < 0.97 && depth < 1;
  });
}

export function flatPanel(
  element: HTMLElement,
  projection: "xy" | "rz",
  extent: Extent,
  onMove: () => void,
): Panel {
  const camera = new three.OrthographicCamera(-1, 1, 1, -1, -1, 1);
  const start = startWindow(projection, extent);
  let shown = start;
  const window = () => (projection === "xy" ? squared(shown, element) : shown);
  const look = () => {
    Object.assign(camera, window());
    camera.updateProjectionMatrix();
  };
  const move = (next: Window2d) => {
    shown = next;
    look();
    onMove();
  };
  element.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      const { left, right, bottom, top } = window();
      const [x, y] = place(element, event);
      const factor = Math.exp(Math.min(200, Math.max(-200, event.deltaY)) * 0.0015);
      const [atX, atY] = [left + x * (right - left), top - y * (top - bottom)];
      move({
        left: atX + (left - atX) * factor,
        right: atX + (right - atX) * factor,
        bottom: atY + (bottom - atY) * factor,
        top: atY + (top - atY) * factor,
      });
    },
    { passive: false },
  );
  element.addEventListener("pointermove", (event) => {
    if (event.buttons === 0) return;
    const { left, right, bottom, top } = window();
    const dx = (-event.movementX / element.clientWidth) * (right - left);
    const dy = (event.movementY / element.clientHeight) * (top - bottom);
    move({ left: left + dx, right: right + dx, bottom: bottom + dy, top: top + dy });
  });
  look();
  return { projection, element, camera, resize: look, reset: () => move(start), window };
}

/** Where the pointer is in an element, 0 … 1 from its upper left corner. */
export function place(element: HTMLElement, { clientX, clientY }: MouseEvent): [number, number] {
  const box = element.getBoundingClientRect();
  return [(clientX - box.left) / box.width, (clientY - box.top) / box.height];
}

function startWindow(projection: "xy" | "rz", { r, z }: Extent): Window2d {
  const [right, top] = projection === "xy" ? [1.12 * r, 1.12 * r] : [1.06 * z, 1.12 * r];
  // r is never negative; a little room keeps the beam line visible
  return { left: -right, right, bottom: projection === "xy" ? -top : -0.04 * top, top };
}

/** The same scale along both axes: the window grows in one of them. */
function squared({ left, right, bottom, top }: Window2d, element: HTMLElement): Window2d {
  const [width, height] = [element.clientWidth, Math.max(1, element.clientHeight)];
  const scale = Math.max((right - left) / width, (top - bottom) / height);
  const [x, y] = [(left + right) / 2, (bottom + top) / 2];
  const [halfWidth, halfHeight] = [(scale * width) / 2, (scale * height) / 2];
  return { left: x - halfWidth, right: x + halfWidth, bottom: y - halfHeight, top: y + halfHeight };
}
