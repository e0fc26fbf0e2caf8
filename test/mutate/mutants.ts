/** Wrong rules: each part of a gradient changed in every way, and mistakes that only show at single points. */
import { Tensor } from "../../src/index.ts";
import type { Grad, Gradient, Rule } from "./rules.ts";

export interface Mutant {
  name: string;
  grad: Grad;
}

/** What may go wrong with a gradient; the last one, only with its own derivative. */
const changes: Readonly<Record<string, (gradient: Tensor) => Tensor>> = {
  "1 % too large": (gradient) => gradient.mul(1.01),
  negated: (gradient) => gradient.neg(),
  zero: (gradient) => gradient.mul(0),
  "0.01 added": (gradient) => gradient.add(0.01),
  backwards: (gradient) => gradient.slice(gradient.shape.map((size) => [size - 1, -1, -1])),
  constant: (gradient) => gradient.stopGradient(),
};

export function mutantsOf(rule: Rule): Mutant[] {
  const { grad, op } = rule;
  const flowing = rule.parts.flatMap((flows, which) => (flows ? [which] : []));
  if (!grad || flowing.length === 0)
    return [{ name: "passes everything", grad: (dy: Tensor) => [dy] }];
  const partsOf = (result: Gradient | Gradient[]): Gradient[] =>
    result instanceof Tensor ? [result] : (result as Gradient[]);
  const changed = flowing.flatMap((which) =>
    Object.entries(changes).map(([how, change]): Mutant => {
      const mutated: Grad = (...of) => {
        const result = grad(...of);
        if (result instanceof Tensor) return change(result);
        return partsOf(result).map((part, i) => (i === which && part ? change(part) : part));
      };
      return { name: `gradient ${which} ${how}`, grad: mutated };
    }),
  );
  const isSymmetric = op === "add"; // both operands receive the same
  if (flowing.length < 2 || isSymmetric) return [...changed, ...(atPoints[op] ?? [])];
  const swapped: Grad = (...of) => {
    const parts = partsOf(grad(...of)).slice();
    const [a, b] = flowing;
    [parts[a], parts[b]] = [parts[b], parts[a]];
    return parts;
  };
  return [
    ...changed,
    { name: "gradients of two operands swapped", grad: swapped },
    ...(atPoints[op] ?? []),
  ];
}

const wholeToEach = (dy: Tensor, x: Tensor, y: Tensor): Tensor => x.equal(y).select(dy, 0);

/** Rules that are right but at a kink, a tie or the end of a domain. */
const atPoints: Readonly<Record<string, readonly Mutant[]>> = {
  abs: [{ name: "1 at 0", grad: (dy, x) => x.less(0).select(dy.neg(), dy) }],
  relu: [{ name: "1 at 0", grad: (dy, x) => x.less(0).select(0, dy) }],
  sqrt: [{ name: "unguarded", grad: (dy, _x, y) => dy.mul(0.5).div(y) }],
  log: [{ name: "unguarded", grad: (dy, x) => dy.div(x) }],
  log1p: [{ name: "unguarded", grad: (dy, x) => dy.div(x.add(1)) }],
  maximum: [
    {
      name: "all to the first of a tie",
      grad: (dy, a, b) => [a.less(b).select(0, dy), a.less(b).select(dy, 0)],
    },
  ],
  minimum: [
    {
      name: "all to the first of a tie",
      grad: (dy, a, b) => [a.greater(b).select(0, dy), a.greater(b).select(dy, 0)],
    },
  ],
  pow: [
    {
      name: "base unguarded",
      grad: (dy, a, b, y) => [
        dy.mul(b).mul(a.pow(b.sub(1))),
        dy.mul(y).mul(a.greater(0).select(a, 1).log()),
      ],
    },
    {
      name: "exponent unguarded",
      grad: (dy, a, b, y) => {
        const isSteep = a.equal(0).and(b.less(1));
        const slope = isSteep.select(0, isSteep.select(1, a).pow(b.sub(1)));
        return [dy.mul(b).mul(slope), dy.mul(y).mul(a.log())];
      },
    },
  ],
  atan2: [
    {
      name: "unguarded",
      grad: (dy, y, x) => {
        const scaled = dy.div(x.square().add(y.square()));
        return [scaled.mul(x), scaled.mul(y).neg()];
      },
    },
  ],
  max: [{ name: "all to each of a tie", grad: wholeToEach }],
  min: [{ name: "all to each of a tie", grad: wholeToEach }],
};
