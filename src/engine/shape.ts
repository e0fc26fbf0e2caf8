import { ShapeError } from "./errors.ts";

/** Sizes of the axes, slowest first. A scalar has no axes. */
export type Shape = readonly number[];

export const sizeOf = (shape: Shape): number => shape.reduce((product, n) => product * n, 1);
export const showShape = (shape: Shape): string => `[${shape.join(", ")}]`;
export const sameShape = (a: Shape, b: Shape): boolean =>
  a.length === b.length && a.every((n, axis) => n === b[axis]);

/** Distance in elements between neighbors along each axis of a row-major tensor. */
export function stridesOf(shape: Shape): number[] {
  const strides: number[] = new Array(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis];
  }
  return strides;
}

/** The shape that `a` and `b` share when axes of size 1 are repeated and missing axes are added in front. */
export function broadcastShapes(where: string, a: Shape, b: Shape): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const m = a[axis - rank + a.length] ?? 1;
    const n = b[axis - rank + b.length] ?? 1;
    if (m !== n && m !== 1 && n !== 1)
      throw new ShapeError(
        `${where}: expected shapes that broadcast, got ${showShape(a)} and ${showShape(b)} (${m} against ${n})`,
      );
    return m === 1 ? n : m;
  });
}

/** `axis` counted from the front; negative counts from the back. */
export function normalizeAxis(where: string, axis: number, rank: number): number {
  const found = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(axis) || found < 0 || found >= rank)
    throw new ShapeError(`${where}(axis): expected −${rank}…${rank - 1}, got ${axis}`);
  return found;
}

/** Distinct axes in ascending order; all of them when none is named. */
export function normalizeAxes(
  where: string,
  axes: number | readonly number[] | undefined,
  rank: number,
): number[] {
  if (axes === undefined) return Array.from({ length: rank }, (_, axis) => axis);
  const list = typeof axes === "number" ? [axes] : axes;
  const found = list.map((axis) => normalizeAxis(where, axis, rank)).sort((a, b) => a - b);
  if (new Set(found).size !== found.length)
    throw new ShapeError(`${where}(axes): expected distinct axes, got ${showShape(list)}`);
  return found;
}

/** Throws unless every size is a whole number ≥ 0. */
export function checkShape(where: string, shape: Shape): void {
  if (!shape.every((n) => Number.isSafeInteger(n) && n >= 0))
    throw new ShapeError(`${where}(shape): expected sizes ≥ 0, got ${showShape(shape)}`);
}

/** Fills in the one −1 of a `reshape` target, and checks that the element counts agree. */
export function resolveReshape(from: Shape, to: Shape): number[] {
  const size = sizeOf(from);
  const open = to.filter((n) => n === -1).length;
  const known = sizeOf(to.filter((n) => n !== -1));
  const missing = known === 0 ? 0 : size / known;
  const shape = to.map((n) => (n === -1 ? missing : n));
  if (open > 1 || !shape.every(Number.isInteger) || sizeOf(shape) !== size)
    throw new ShapeError(
      `reshape: expected a shape of ${size} elements, got ${showShape(to)} (from ${showShape(from)})`,
    );
  checkShape("reshape", shape);
  return shape;
}
