/** Attention with all that it may have: masks, bias, events, dropout; and the steps of its gradient. */
import { partOf } from "../../../src/engine/composite.ts";
import { record, wrap } from "../../../src/engine/tensor.ts";
import {
  type AttentionOptions,
  attention,
  concat,
  crossAttention,
  indices,
  Rng,
  type Tensor,
  tensor,
} from "../../../src/index.ts";
import { chance, oneOf, type Random, whole } from "../../../src/testing/index.ts";
import { caseOf, operand, type Sampler } from "./case.ts";

interface Sizes {
  batch: number;
  heads: number;
  width: number;
  numQueries: number;
  numKeys: number;
}

/** Few elements in all; of several events in one list, one batch entry. */
function smallSizes(random: Random, isSelf: boolean): Sizes {
  const [batch, heads, width] = oneOf(random, [
    [1, 1, 2],
    [2, 1, 1],
    [1, 2, 1],
  ]);
  const numKeys = whole(random, 1, 3);
  return { batch, heads, width, numKeys, numQueries: isSelf ? numKeys : whole(random, 1, 3) };
}

const maskOf = (random: Random, { batch, numKeys }: Sizes): Tensor => {
  const hides = Array.from({ length: batch * numKeys }, () => (chance(random, 0.3) ? 1 : 0));
  return tensor(hides, [batch, numKeys], { dtype: "bool" });
};

function optionsFor(random: Random, sizes: Sizes): AttentionOptions {
  const { batch, numQueries, numKeys } = sizes;
  const canSplit = batch === 1 && numQueries === numKeys && chance(random, 0.3);
  return {
    ...(chance(random) ? { mask: maskOf(random, sizes) } : {}),
    ...(canSplit ? { offsets: indices([0, whole(random, 0, numKeys), numKeys]) } : {}),
    ...(chance(random) ? { scale: 0.8 } : {}),
  };
}

/** The same draw each time the function is evaluated. */
const dropped = (random: Random) => {
  if (chance(random)) return () => ({});
  const seed = whole(random, 0, 1000);
  return () => ({ dropout: { probability: 0.3, rng: new Rng(seed) } });
};

export const attentionSamplers: Record<string, Sampler> = {
  attention: (random) => {
    const sizes = smallSizes(random, true);
    const { batch, numKeys, heads, width } = sizes;
    const { mask, ...options } = optionsFor(random, sizes);
    const text = Object.keys({ mask, ...options });
    const dropout = dropped(random);
    return caseOf(
      `attention[${text}]`,
      [operand(random, [batch, numKeys, 3, heads, width])],
      (qkv) => attention(qkv, mask, { ...options, ...dropout() }),
    );
  },

  crossAttention: (random) => {
    const sizes = smallSizes(random, chance(random));
    const { batch, numQueries, numKeys, heads, width } = sizes;
    const options = optionsFor(random, sizes);
    const dropout = dropped(random);
    const keys = [batch, numKeys, heads, width];
    const shapes = [[batch, numQueries, heads, width], keys, keys];
    if (chance(random))
      shapes.push([oneOf(random, [1, batch]), oneOf(random, [1, heads]), numQueries, numKeys]);
    const operands = shapes.map((shape) => operand(random, shape, [-1, 1]));
    return caseOf(`crossAttention[${Object.keys(options)}]`, operands, (q, k, v, bias) =>
      crossAttention(q, k, v, { ...options, ...(bias ? { bias } : {}), ...dropout() }),
    );
  },

  "attention and its log-sum": (random) => {
    const sizes = smallSizes(random, true);
    const { batch, numKeys, heads, width } = sizes;
    const qkv = [batch, numKeys, 3, heads, width];
    const mask = maskOf(random, sizes);
    return caseOf("attention, logSum", [operand(random, qkv)], (x) => {
      const y = attention(x, mask);
      const logSum = wrap(partOf(y.expr, "logSum"), [y]);
      return concat([y, logSum.reshape([...logSum.shape, 1])]);
    });
  },

  // the steps of the gradients, as functions of independent operands
  attentionGradient: (random) => {
    const sizes = smallSizes(random, true);
    const { batch, numKeys, heads, width } = sizes;
    const y = [batch, numKeys, heads, width];
    const qkv = [batch, numKeys, 3, heads, width];
    const operands = [qkv, y, y.slice(0, 3), y.slice(0, 3)].map((shape) => operand(random, shape));
    const mask = maskOf(random, sizes);
    return caseOf("attentionGradient", operands, (x, ...rest) =>
      record("attentionGradient", [x, mask, ...rest], qkv, "f32", recorded({ hasMask: true })),
    );
  },

  crossAttentionGradient: (random) => {
    const { shapes, q } = stepShapes(random);
    return caseOf(
      "crossAttentionGradient",
      shapes.map((shape) => operand(random, shape, [-1, 1])),
      (...of) => {
        const dq = record("crossAttentionGradient", of, q, "f32", recorded({ hasBias: true }));
        const parts = ["dk", "dv"].map((name) => wrap(partOf(dq.expr, name), of));
        return concat([dq, ...parts].map((part) => part.reshape([-1])));
      },
    );
  },

  attentionBiasGradient: (random) => {
    const { shapes, bias } = stepShapes(random);
    return caseOf(
      "attentionBiasGradient",
      shapes.map((shape) => operand(random, shape, [-1, 1])),
      (...of) => record("attentionBiasGradient", of, bias, "f32", recorded({ hasBias: true })),
    );
  },
};

const recorded = (features: Record<string, boolean>) => ({
  attrs: { headDim: 0, ...features },
  values: [0.7, 0, 0, 0, 0, 0, 0],
});

/** Shapes of q, k, v, bias, dy, L and δ. */
function stepShapes(random: Random) {
  const { batch, heads, width, numQueries, numKeys } = smallSizes(random, false);
  const [q, k] = [numQueries, numKeys].map((count) => [batch, count, heads, width]);
  const bias = [oneOf(random, [1, batch]), 1, numQueries, numKeys];
  return { q, bias, shapes: [q, k, k, bias, q, q.slice(0, 3), q.slice(0, 3)] };
}
