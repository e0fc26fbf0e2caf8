/** What is measured: an op or a training step on seeded inputs, and how much work one run is. */
import { indices, realize, type Tensor, tensor } from "../src/index.ts";
import { randomFrom } from "../src/testing/random.ts";

export interface Workload {
  name: string;
  /** Its name among the workloads that other libraries are measured by, see `peer.ts`. */
  peer?: string;
  /** Floating-point operations of one run, or bytes that it must read and write at least. */
  flops?: number;
  bytes?: number;
  /** Hits that one run takes in. */
  hits?: number;
  /** How far Σ|x| over the results may be from that in double precision, relative; default 1e-5. */
  tolerance?: number;
  /** What the row should say beside the figures. */
  note?: string;
  /** A row that is so many times shorter: where this one would take too long after it, it is left out. */
  like?: { name: string; times: number };
  /** Throws if the results of the first run are wrong; without it their Σ|x| is looked at. */
  check?: (results: readonly Tensor[]) => Promise<void>;
  /** Uploads the inputs; each call of what it returns records one run and gives what to compute. */
  prepare: () => Promise<() => readonly Tensor[]>;
}

/** Uniform within ± scale. */
export function numbers(count: number, seed: number, scale = 1): Float32Array<ArrayBuffer> {
  const random = randomFrom(seed);
  return Float32Array.from({ length: count }, () => (2 * random() - 1) * scale);
}

export function filled(shape: readonly number[], seed: number, scale = 1): Tensor {
  const count = shape.reduce((size, length) => size * length, 1);
  return tensor(numbers(count, seed, scale), shape);
}

/** Row numbers below `numRows`, u32 [count]. */
export function rowNumbers(count: number, numRows: number, seed: number): Tensor {
  const random = randomFrom(seed);
  return indices(Uint32Array.from({ length: count }, () => Math.floor(random() * numRows)));
}

/** Runs of `op` on stored inputs. */
export async function runsOf(
  inputs: readonly Tensor[],
  op: () => Tensor | readonly Tensor[],
): Promise<() => readonly Tensor[]> {
  await realize(inputs);
  return () => {
    const results = op();
    return Array.isArray(results) ? results : [results as Tensor];
  };
}

/** Σ|x| over all results: one number that shows whether they are right. */
export async function sumOfAbsolutes(results: readonly Tensor[]): Promise<number> {
  let sum = 0;
  for (const result of results) for (const x of await result.data()) sum += Math.abs(x);
  return sum;
}
