/**
 * Whether gradients are what they claim to be, tested by evaluating the function: in double precision,
 * on a device of its own, whichever device is current.
 */
import { gradients } from "../engine/autograd.ts";
import { tensor } from "../engine/create.ts";
import { DTypeError, ShapeError } from "../engine/errors.ts";
import { Device } from "../engine/runtime/device.ts";
import { jsBackend } from "../engine/runtime/js.ts";
import { sameShape, showShape } from "../engine/shape.ts";
import { realize, type Tensor } from "../engine/tensor.ts";
import { indexOf } from "./assertClose.ts";
import { randomTensor } from "./generate.ts";
import { type Random, randomFrom } from "./random.ts";

type Values = ArrayLike<number>;

export interface GradcheckOptions {
  /** Greatest deviation allowed; `Infinity` to measure only. Default 1e-7. */
  tolerance?: number;
  /** Draws the weights of the outputs. Default: always the same ones. */
  random?: Random;
}

/**
 * Compares `gradients` with central differences and returns the worst deviation,
 *
 *   |∂L/∂xᵢ − ΔL/Δxᵢ| / max(1, |ΔL/Δxᵢ|)      L = Σ w · f(x…), with random weights w
 *
 * over every element of every f32 input; inputs of other dtypes (indices, masks) are handed to f as they
 * are. Step sizes are chosen per element (`derivative` below), so a kink or the end of the domain may
 * come close to an element, but no element may lie on one. Takes about eight evaluations of f per element.
 *
 * f: one f32 tensor of any shape from the inputs; other tensors that it uses must lie on the host or be
 * lazy, and name no device. Throws an `Error` that names the element if the deviation exceeds
 * `tolerance`, `DTypeError` if f or no input is f32, `ShapeError` if a gradient has another shape than
 * its input.
 */
export async function gradcheck(
  f: (...inputs: Tensor[]) => Tensor,
  inputs: Tensor | readonly Tensor[],
  { tolerance = 1e-7, random = randomFrom(1) }: GradcheckOptions = {},
): Promise<number> {
  const point = await Promise.all([inputs].flat().map((input) => onOracle(input as Tensor)));
  const y = f(...point);
  const floats = point.filter(({ dtype }) => dtype === "f32");
  if (y.dtype !== "f32" || floats.length === 0)
    throw new DTypeError(
      `gradcheck: expected f32 inputs and an f32 result, got ${point.map(({ dtype }) => dtype).join(", ")} → ${y.dtype}`,
    );
  const seed = await onOracle(randomTensor(random, y.shape, { domain: [0.5, 1.5] }));
  const weights = await seed.data();
  const claimed = gradients(y, floats, seed);
  await realize(claimed);

  let worst = 0;
  for (const [which, x] of floats.entries()) {
    if (!sameShape(claimed[which].shape, x.shape))
      throw new ShapeError(
        `gradcheck: expected a gradient ${showShape(x.shape)}, got ${showShape(claimed[which].shape)}`,
      );
    const [at, gradient] = [await x.data(), await claimed[which].data()];
    for (let i = 0; i < at.length; i++) {
      const valueAt = async (moved: number): Promise<Values> => {
        const data = Float64Array.from(at).fill(moved, i, i + 1);
        const replaced = tensor(data, x.shape, { device: oracle() });
        return computed(f(...point.map((t) => (t === x ? replaced : t))));
      };
      const difference = await derivative(valueAt, weights, at[i]);
      const deviation = Math.abs(gradient[i] - difference) / Math.max(1, Math.abs(difference));
      if (!(deviation <= tolerance))
        throw new Error(
          `gradcheck: expected ∂L/∂x${point.indexOf(x)}${showShape(indexOf(i, x.shape))} = ${difference} by differences at x = ${at[i]}, got ${gradient[i]} (deviation ${deviation}, tolerance ${tolerance})`,
        );
      worst = Math.max(worst, deviation);
    }
  }
  return worst;
}

/**
 * d(Σ w · f(x))/dx by central differences at a falling sequence of steps, extrapolated to step 0 (Ridders
 * 1982, doi:10.1016/S0141-1195(82)80057-0). Row k of the tableau adds step h₀/2ᵏ and cancels the error
 * terms h², h⁴, …; where two neighboring extrapolations agree best, neither truncation nor rounding
 * dominates. Steps that leave the domain give NaN, and count as no agreement.
 */
async function derivative(
  valueAt: (x: number) => Promise<Values>,
  weights: Values,
  x: number,
): Promise<number> {
  const agreed = 1e-11;
  const maxSteps = 18; // down to h₀ / 131072: closer kinks are not told from the element itself
  let step = 2 ** -5 * Math.min(4, Math.max(2 ** -5, Math.abs(x)));
  let [best, error] = [Number.NaN, Number.POSITIVE_INFINITY];
  let before: number[] = [];
  for (let k = 0; k < maxSteps; k++, step /= 2) {
    const [above, below] = [x + step, x - step];
    const [high, low] = [await valueAt(above), await valueAt(below)];
    let total = 0;
    for (let j = 0; j < weights.length; j++) total += weights[j] * (high[j] - low[j]);
    const row = [total / (above - below)];
    for (const [j, coarser] of before.slice(0, 5).entries()) {
      const gain = 4 ** (j + 1);
      row.push((gain * row[j] - coarser) / (gain - 1));
      const apart = Math.max(Math.abs(row[j + 1] - row[j]), Math.abs(row[j + 1] - coarser));
      const scaled = apart / Math.max(1, Math.abs(row[j + 1]));
      if (scaled < error) [best, error] = [row[j + 1], scaled];
    }
    if (error <= agreed) break;
    before = row;
  }
  return best;
}

export interface AdjointOptions {
  /** Greatest difference allowed; `Infinity` to measure only. Default 1e-13, some hundred roundings. */
  tolerance?: number;
  random?: Random;
}

/**
 * The dot-product test of a linear op A and its backward pass, for random u and v:
 *
 *   |⟨v, A u⟩ − ⟨Aᵀ v, u⟩| / (Σ |v · A u| + Σ |Aᵀv · u|)
 *
 * which is rounding and nothing else, at any size. x: an f32 tensor; Aᵀ v is taken there, and u has its
 * shape. Throws an `Error` if the result exceeds `tolerance`; so it does if the op is not linear.
 */
export async function adjointCheck(
  linearOp: (x: Tensor) => Tensor,
  x: Tensor,
  { tolerance = 1e-13, random = randomFrom(1) }: AdjointOptions = {},
): Promise<number> {
  const at = await onOracle(x);
  const u = await onOracle(randomTensor(random, x.shape));
  const y = linearOp(at);
  const v = await onOracle(randomTensor(random, y.shape));
  const [vData, uData] = [await v.data(), await u.data()];
  const forward = dot(vData, await computed(linearOp(u)));
  const backward = dot(await computed(gradients(y, [at], v)[0]), uData);
  const size = forward.size + backward.size;
  const difference = size === 0 ? 0 : Math.abs(forward.sum - backward.sum) / size;
  if (!(difference <= tolerance))
    throw new Error(
      `adjointCheck: expected ⟨v, A u⟩ = ${forward.sum}, got ⟨Aᵀ v, u⟩ = ${backward.sum} (difference ${difference}, tolerance ${tolerance})`,
    );
  return difference;
}

function dot(a: Values, b: Values): { sum: number; size: number } {
  let [sum, size] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    sum += a[i] * b[i];
    size += Math.abs(a[i] * b[i]);
  }
  return { sum, size };
}

let device: Device | null = null;

/** Never the current device: what a test is about stays where it is. */
function oracle(): Device {
  device ??= new Device(jsBackend("f64"));
  return device;
}

async function onOracle(x: Tensor): Promise<Tensor> {
  return tensor(await x.data(), x.shape, { dtype: x.dtype, device: oracle() });
}

/** Computes and frees: the memory of thousands of evaluations does not wait to be collected. */
async function computed(y: Tensor): Promise<Values> {
  const data = await y.data();
  if (y.expr.op !== "input") y.dispose(); // an input that is passed on is still needed
  return data;
}
