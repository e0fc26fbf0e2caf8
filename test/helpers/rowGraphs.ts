/**
 * Random graphs over the rows and columns of matrices: several reductions of one row, values of sums
 * read again by every element, shared reductions, losses, kernels with several results. A seed fixes
 * the structure, sizes are given apart.
 */
import { layerNorm, logSoftmax, softmax, type Tensor, tensor } from "../../src/index.ts";
import { type Draw, randomFrom } from "./generate.ts";

interface Graph {
  random: Draw;
  fulls: Tensor[]; // [R, F]
  rows: Tensor[]; // [R, 1]
  lists: Tensor[]; // [R], what is left of a row
  columns: Tensor[]; // [1, F]
  scalars: Tensor[];
}

/** The values of a graph that are asked for. */
export function rowGraph(seed: number, [numRows, features]: readonly [number, number]): Tensor[] {
  const random = randomFrom(seed);
  const numbers = randomFrom(seed + 1); // apart, because how many there are is no structure
  const given = (shape: number[]) => {
    const length = shape.reduce((a, b) => a * b, 1);
    return tensor(
      Float32Array.from({ length }, () => 2 * numbers() - 1),
      shape,
    );
  };
  const graph: Graph = {
    random,
    fulls: [given([numRows, features]), given([numRows, features])],
    rows: [given([numRows, 1])],
    lists: [given([numRows])],
    columns: [given([1, features])],
    scalars: [given([])],
  };
  const numOps = 3 + Math.floor(12 * random());
  for (let op = 0; op < numOps; op++) pick(random, steps)(graph);
  const made = [graph.fulls, graph.rows, graph.lists, graph.columns, graph.scalars]
    .flat()
    .filter(({ expr }) => !expr.storage);
  return made.filter((_, at) => at === made.length - 1 || random() < 0.3);
}

const pick = <T>(random: Draw, from: readonly T[]): T => {
  const biased = Math.floor(from.length * random() ** 0.6); // what is recent, mostly
  return from[Math.min(biased, from.length - 1)]!;
};

/** Values stay within ±1 by division, so that nothing overflows and errors stay small. */
const steps: readonly ((graph: Graph) => void)[] = [
  ({ random, fulls }) => fulls.push(pick(random, fulls).mul(pick(random, fulls)).tanh()),
  ({ random, fulls, rows }) => fulls.push(pick(random, fulls).sub(pick(random, rows)).mul(0.5)),
  ({ random, fulls, rows }) => fulls.push(pick(random, fulls).mul(pick(random, rows)).tanh()),
  ({ random, fulls, columns }) => fulls.push(pick(random, fulls).add(pick(random, columns)).sin()),
  ({ random, fulls, scalars }) => fulls.push(pick(random, fulls).mul(pick(random, scalars)).sin()),
  ({ random, rows }) => rows.push(pick(random, rows).square().add(1).log().sin()),
  ({ random, lists }) => lists.push(pick(random, lists).add(pick(random, lists)).mul(0.5)),
  ({ random, scalars }) => scalars.push(pick(random, scalars).add(pick(random, scalars)).cos()),
  ({ random, fulls, rows }) =>
    rows.push(pick(random, fulls).sum({ axes: 1, keepAxes: true }).mul(0.1).tanh()),
  ({ random, fulls, rows }) =>
    rows.push(pick(random, fulls).square().mean({ axes: 1, keepAxes: true })),
  ({ random, fulls, rows }) => rows.push(pick(random, fulls).max({ axes: 1, keepAxes: true })),
  ({ random, fulls, lists }) => lists.push(pick(random, fulls).sum({ axes: 1 }).mul(0.1).sin()),
  ({ random, fulls, columns }) =>
    columns.push(pick(random, fulls).sum({ axes: 0, keepAxes: true }).mul(0.1).sin()),
  ({ random, fulls, scalars }) => scalars.push(pick(random, fulls).square().mean().sqrt()),
  ({ random, fulls, scalars }) => scalars.push(pick(random, fulls).min()),
  ({ random, lists, scalars }) => scalars.push(pick(random, lists).mean().sin()),
  ({ random, fulls }) => fulls.push(softmax(pick(random, fulls))),
  ({ random, fulls }) => fulls.push(logSoftmax(pick(random, fulls)).mul(0.1)),
  ({ random, fulls, columns }) => {
    const [weight, bias] = [pick(random, columns), pick(random, columns)];
    const features = weight.shape.slice(1);
    const y = layerNorm(pick(random, fulls), weight.reshape(features), bias.reshape(features), 0.1);
    fulls.push(y.mul(0.1));
  },
];
