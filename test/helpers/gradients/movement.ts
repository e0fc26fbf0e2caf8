/** Every op that moves values, by its name in the table; all of them are linear. */
import { concat, gather, pack, pieces, tensor } from "../../../src/index.ts";
import {
  broadcastingShape,
  chance,
  oneOf,
  type Random,
  randomSegments,
  whole,
} from "../../../src/testing/index.ts";
import { caseOf, operand, type Sampler, smallShape } from "./case.ts";

const linear =
  (sampler: Sampler): Sampler =>
  (random) => ({ ...sampler(random), isLinear: true });

/** 0, 1, … n − 1 in random order. */
function orderOf(random: Random, n: number): number[] {
  const rest = Array.from({ length: n }, (_, i) => i);
  return Array.from({ length: n }, () => rest.splice(whole(random, 0, rest.length - 1), 1)[0]);
}

/** Start, end, step of part of an axis; also of nothing, before the start or past the end. */
function rangeWithin(random: Random, size: number): [number, number, number] | null {
  if (chance(random, 0.2)) return null;
  const step = oneOf(random, [1, 1, 2, 3, -1, -2]);
  if (size === 0 || chance(random, 0.1)) {
    const start = oneOf(random, [-1, 0, size, size + 2]);
    return [start, start, step];
  }
  const [a, b] = [whole(random, 0, size - 1), whole(random, 0, size - 1)];
  const [low, high] = [Math.min(a, b), Math.max(a, b)];
  return step > 0 ? [low, high + 1, step] : [high, low - 1, step];
}

export const movementSamplers: Record<string, Sampler> = {
  permute: linear((random) => {
    const shape = smallShape(random, { minRank: 2, maxRank: 4 });
    const axes = orderOf(random, shape.length);
    return caseOf(`permute[${axes}]`, [operand(random, shape)], (x) => x.permute(axes));
  }),

  expand: linear((random) => {
    const shape = smallShape(random);
    const from = broadcastingShape(random, shape);
    return caseOf(`expand[${shape}]`, [operand(random, from)], (x) => x.expand(shape));
  }),

  reshape: linear((random) => {
    const shape = smallShape(random, { minRank: 1 });
    const target = [...shape.slice(1), 1, shape[0]];
    return caseOf(`reshape[${target}]`, [operand(random, shape)], (x) => x.reshape(target));
  }),

  slice: linear((random) => {
    const shape = smallShape(random, { maxSize: 6, minRank: 1 });
    const ranges = shape.map((size) => rangeWithin(random, size));
    const text = `slice${JSON.stringify(ranges)}`;
    return caseOf(text, [operand(random, shape)], (x) => x.slice(ranges));
  }),

  pad: linear((random) => {
    const shape = smallShape(random);
    const widths = shape.map((): [number, number] => [whole(random, 0, 2), whole(random, 0, 2)]);
    const text = `pad${JSON.stringify(widths)}`;
    return caseOf(text, [operand(random, shape)], (x) => x.pad(widths));
  }),

  "pad with a number": (random) =>
    caseOf("pad 3", [operand(random, smallShape(random, { minRank: 1, maxRank: 1 }))], (x) =>
      x.square().pad([[1, 2]], 3),
    ),

  concat: linear((random) => {
    const shape = smallShape(random, { minRank: 1, maxRank: 2 });
    const axis = whole(random, 0, shape.length - 1);
    const parts = Array.from({ length: whole(random, 1, 6) }, () =>
      operand(random, shape.with(axis, whole(random, 0, 2))),
    );
    const twice = whole(random, 0, parts.length - 1);
    return caseOf(`concat[${axis}]`, parts, (...xs) => concat([...xs, xs[twice]], axis));
  }),

  pack: linear((random) => {
    const parts = Array.from({ length: whole(random, 1, 3) }, () =>
      operand(random, smallShape(random)),
    );
    const twice = whole(random, 0, parts.length - 1);
    return caseOf("pack", parts, (...xs) => pack([...xs, xs[twice]]));
  }),

  piece: linear((random) => {
    const shapes = Array.from({ length: 3 }, () => smallShape(random));
    const parts = shapes.map((shape) => operand(random, shape));
    const which = whole(random, 0, 2);
    return caseOf(`piece ${which}`, parts, (...xs) => pieces(pack(xs).mul(2), shapes)[which]);
  }),

  gather: linear((random) => {
    const shape = smallShape(random, { minRank: 1 });
    const numRows = shape[0];
    const indexShape = smallShape(random, { maxRank: 2 });
    const size = indexShape.reduce((n, of) => n * of, 1);
    const rows = numRows === 0 ? [] : randomSegments(random, size, numRows);
    const dtype = oneOf(random, ["u32", "i32"] as const);
    const index = tensor([...rows], numRows === 0 ? [0] : indexShape, { dtype });
    const text = `gather[${[...rows]}] as [${index.shape}]`;
    return caseOf(text, [operand(random, shape)], (x) => gather(x, index));
  }),
};
