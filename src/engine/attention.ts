/** Scaled dot-product attention, Vaswani et al. 2017 (arXiv:1706.03762): the public calls. */
import { zeros } from "./create.ts";
import { expectDType } from "./dtype.ts";
import { DTypeError, ShapeError } from "./errors.ts";
import { packedAttention, separateAttention } from "./ops/attention.ts";
import { unpack } from "./ops/attentionPairs.ts";
import type { Rng } from "./random.ts";
import { showShape } from "./shape.ts";
import { type Tensor, wrap } from "./tensor.ts";

export interface AttentionOptions {
  /** bool [B, N]: true where a key is ignored, padding for example. */
  mask?: Tensor;
  /** Added to the scores: f32 [B or 1, H or 1, M, N]. It receives a gradient. */
  bias?: Tensor;
  /** Factor of the products of queries and keys; default: 1/√D. */
  scale?: number;
  /**
   * u32 [S+1]: events of different length in one list. Rows offsets[s] … offsets[s+1] − 1 see each other
   * and nobody else, and no work is done for the others. Needs B = 1, and as many queries as keys.
   */
  offsets?: Tensor;
  /** Pairs to leave out, with this probability; the others count 1/(1 − p) times. */
  dropout?: { probability: number; rng: Rng };
}

/**
 * Self-attention of packed queries, keys and values.
 *
 *   y_i = Σ_j softmax_j(q_i · k_j / √D) v_j      over the keys j that are not masked
 *
 * qkv f32 [B, N, 3, H, D] queries, keys, values per head; mask bool [B, N], true = ignore this key
 * → f32 [B, N, H, D]; zeros where there is no key to see.
 */
export function attention(
  qkv: Tensor,
  mask: Tensor | null = null,
  options: Omit<AttentionOptions, "mask"> = {},
): Tensor {
  expectDType("attention(qkv)", qkv.dtype, ["f32"]);
  const [batch, numTokens, three, heads, width] = qkv.shape;
  if (qkv.rank !== 5 || three !== 3 || width === 0)
    throw new ShapeError(
      `attention(qkv): expected [B, N, 3, H, D] with D ≥ 1, got ${showShape(qkv.shape)}`,
    );
  const all = { ...options, ...(mask ? { mask } : {}) };
  if (options.bias) {
    const [q, k, v] = unpack(qkv).map((x) => x.permute([0, 2, 1, 3]));
    return crossAttention(q, k, v, all);
  }
  const sizes = { batch, heads, width, numQueries: numTokens, numKeys: numTokens };
  const { operands, attrs, values } = recorded("attention", sizes, all);
  if (qkv.size === 0) return zeros([batch, numTokens, heads, width]);
  const inputs = [qkv, ...operands];
  return wrap(packedAttention(exprsOf(inputs), attrs, values), inputs);
}

/**
 * Attention of queries to keys and values from elsewhere.
 *
 *   y_i = Σ_j softmax_j(scale q_i · k_j + bias_ij) v_j      over the keys j that are not masked
 *
 * q f32 [B, M, H, D], k and v f32 [B, N, H, D] → f32 [B, M, H, D]; zeros where there is no key to see.
 */
export function crossAttention(
  q: Tensor,
  k: Tensor,
  v: Tensor,
  options: AttentionOptions = {},
): Tensor {
  for (const t of [q, k, v]) expectDType("crossAttention", t.dtype, ["f32"]);
  const [batch, numQueries, heads, width] = q.shape;
  const numKeys = k.shape[1];
  const wanted = [batch, numKeys, heads, width];
  const fits = (t: Tensor) => t.rank === 4 && t.shape.every((size, axis) => size === wanted[axis]);
  if (q.rank !== 4 || width === 0 || !fits(k) || !fits(v))
    throw new ShapeError(
      `crossAttention: expected q [B, M, H, D], k and v [B, N, H, D], got ${[q, k, v].map(({ shape }) => showShape(shape)).join(", ")}`,
    );
  const sizes = { batch, heads, width, numQueries, numKeys };
  const { operands, attrs, values } = recorded("crossAttention", sizes, options);
  if (q.size === 0 || k.size === 0) return zeros(q.shape);
  const inputs = [q, k, v, ...operands];
  return wrap(separateAttention(exprsOf(inputs), attrs, values), inputs);
}

const exprsOf = (tensors: readonly Tensor[]) => tensors.map(({ expr }) => expr);

interface Sizes {
  batch: number;
  heads: number;
  width: number;
  numQueries: number;
  numKeys: number;
}

/** What the options add to the operands, and the attributes and numbers that say so. */
function recorded(where: string, sizes: Sizes, options: AttentionOptions) {
  const { mask, bias, offsets, dropout, scale = 1 / Math.sqrt(sizes.width) } = options;
  const { batch, heads, width, numQueries, numKeys } = sizes;
  if (mask) expectAxes(`${where}(mask)`, mask, "bool", [[batch], [numKeys]]);
  if (bias)
    expectAxes(`${where}(bias)`, bias, "f32", [[1, batch], [1, heads], [numQueries], [numKeys]]);
  if (offsets) expectDType(`${where}(offsets)`, offsets.dtype, ["u32"]);
  if (offsets && (offsets.rank !== 1 || batch !== 1 || numQueries !== numKeys))
    throw new ShapeError(
      `${where}(offsets): expected [S+1] and one list of tokens (B = 1, M = N), got ${showShape(offsets.shape)}, B = ${batch}, M = ${numQueries}, N = ${numKeys}`,
    );
  const { probability = 0, rng } = dropout ?? {};
  if (!(probability >= 0 && probability < 1))
    throw new DTypeError(`${where}(dropout): expected a probability in [0, 1), got ${probability}`);
  const [key0, key1, draw] = rng && probability > 0 ? rng.take() : [0, 0, 0];
  const halves = [key0, key1].flatMap((word) => [word & 0xffff, word >>> 16]);
  return {
    operands: [mask, bias, offsets].filter((operand) => operand !== undefined),
    attrs: {
      headDim: width,
      hasMask: mask !== undefined,
      hasBias: bias !== undefined,
      hasEvents: offsets !== undefined,
      hasDropout: probability > 0,
    },
    values: [scale, probability, ...halves, draw],
  };
}

function expectAxes(
  where: string,
  { shape, dtype }: Tensor,
  wanted: "bool" | "f32",
  sizes: readonly (readonly number[])[],
): void {
  expectDType(where, dtype, [wanted]);
  const fits = shape.length === sizes.length && shape.every((n, axis) => sizes[axis].includes(n));
  const expected = sizes.map((choices) => [...new Set(choices)].join(" or "));
  if (!fits)
    throw new ShapeError(`${where}: expected [${expected.join(", ")}], got ${showShape(shape)}`);
}
