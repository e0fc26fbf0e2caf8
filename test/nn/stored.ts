/** Golden data as tensors, and the comparison of losses with their terms and gradients. */
import { existsSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { expect } from "vitest";
import { readSafetensors, type Safetensors } from "../../src/engine/formats/safetensors.ts";
import {
  type BackendName,
  indices,
  type Pairs,
  realize,
  type StoredTensor,
  type Tensor,
  tensor,
  valueAndGrad,
} from "../../src/index.ts";
import { snakeCase } from "../../src/nn/module.ts";
import { openDevice } from "../../src/node/open.ts";
import { fixturePaths } from "../helpers/fixtures.ts";

export type Tensors = Safetensors["tensors"];

export const floats = ({ data, shape }: StoredTensor): Tensor =>
  tensor(Float64Array.from(data as ArrayLike<number>, Number), shape);

/** True where the stored number is positive. */
export const bools = ({ data, shape }: StoredTensor): Tensor =>
  tensor(
    Uint32Array.from(data as ArrayLike<number>, (v) => (Number(v) > 0 ? 1 : 0)),
    shape,
    {
      dtype: "bool",
    },
  );

/** The two rows of an edge list i64 [2, E]. */
export function pairsOf({ data, shape: [, count] }: StoredTensor): Pairs {
  const rows = Uint32Array.from(data as ArrayLike<number>, Number);
  return { first: indices(rows.slice(0, count)), second: indices(rows.slice(count)) };
}

/** The tensors under a prefix, by the rest of their name. */
export const under = (tensors: Tensors, prefix: string): Tensors =>
  new Map(
    [...tensors].flatMap(([key, t]) =>
      key.startsWith(prefix) ? [[key.slice(prefix.length), t] as const] : [],
    ),
  );

/** Input width and output widths of the matrices `0.weight`, `3.weight`, …, in the order of their numbers. */
export function widthsOf(weights: Tensors): number[] {
  const number = (key: string) => Number.parseInt(key, 10);
  const matrices = [...weights]
    .filter(([, { shape }]) => shape.length === 2)
    .sort(([a], [b]) => number(a) - number(b));
  return [matrices[0][1].shape[1], ...matrices.map(([, { shape }]) => shape[0])];
}

// biome-ignore lint/suspicious/noExplicitAny: the shape of each kind of file is known where it is read
type Content = any;

/** JSON files whose tensors lie beside them. */
export const describedTensors = (
  folder: string,
): { name: string; content: Content; tensors: () => Tensors }[] =>
  fixturePaths(folder, /\.json$/).flatMap((path) => {
    const file = path.replace(/\.json$/, ".safetensors");
    if (!existsSync(file)) return [];
    const content: Content = JSON.parse(readFileSync(path, "utf8"));
    const tensors = () => readSafetensors(readFileSync(file), file).tensors;
    return [{ name: basename(path, ".json"), content, tensors }];
  });

export interface LossCase<Model extends object = object> {
  name: string;
  /** Its parameters are what gradients are wanted for. */
  build: () => Model;
  /** The loss with its terms, one of them named `loss`. */
  terms: (model: Model) => Record<string, Tensor>;
  values: Record<string, number>;
  grads: ReadonlyMap<string, StoredTensor>;
}

// Values are float32, sums of some hundred terms. Gradients relative to the largest entry of theirs:
// float32 rounding of the same sums, and of square roots near 0 in distances.
const tolerance = { value: 1e-5, gradient: 1e-4 };

/** Terms and gradients agree on a backend. */
export async function expectLoss(backend: BackendName, loss: LossCase): Promise<void> {
  const device = await openDevice({ backend });
  try {
    const model = loss.build();
    const terms = loss.terms(model);
    const { grads } = valueAndGrad(model, (m) => loss.terms(m).loss);
    await realize([...Object.values(terms), ...grads.values()]); // as one plan, like a step
    for (const [term, value] of Object.entries(loss.values)) {
      const ours = await terms[term].item();
      expect(Math.abs(ours - value), term).toBeLessThan(tolerance.value * (1 + Math.abs(value)));
    }
    const named = new Map([...grads].map(([name, g]) => [snakeCase(name), g]));
    for (const [name, { data }] of loss.grads) {
      const ours = await named.get(name)!.data();
      const theirs = Array.from(data as ArrayLike<number>, Number);
      const size = Math.max(...theirs.map(Math.abs), 1e-6);
      for (const [i, value] of theirs.entries())
        expect(Math.abs(ours[i] - value) / size, `${name}[${i}]`).toBeLessThan(tolerance.gradient);
    }
  } finally {
    await device.close();
  }
}
