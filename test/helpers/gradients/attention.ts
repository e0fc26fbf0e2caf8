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

  // all at once, where every derivative differs from 0
  "attention with everything": (random) => {
    const { sizes, options } = everything(random);
    const { numKeys, heads, width } = sizes;
    const { mask, offsets, dropout } = options;
    return caseOf("attention, everything", [operand(random, [1, numKeys, 3, heads, width])], (x) =>
      attention(x, mask, { offsets, dropout: dropout() }),
    );
  },

  "crossAttention with everything": (random) => {
    const { sizes, options } = everything(random);
    const { numKeys, heads, width } = sizes;
    const rows = [1, numKeys, heads, width];
    const operands = [rows, rows, rows, [1, heads, numKeys, numKeys]].map((shape) =>
      operand(random, shape, [-1, 1]),
    );
    return caseOf("crossAttention, everything", operands, (q, k, v, bias) =>
      crossAttention(q, k, v, { ...options, bias, dropout: options.dropout() }),
    );
  },

  // the steps of the gradients, as functions of independent operands
  ...stepSamplers("attentionGradient", { isPacked: true, features: [] }),
  ...stepSamplers("crossAttentionGradient", { isPacked: false, features: ["hasBias"] }),
  ...stepSamplers("attentionBiasGradient", { isPacked: false, features: ["hasBias"] }),
};

/** Three keys in events of two and one; the last is hidden, the others have two to choose from. */
function everything(random: Random, isSmall = false) {
  const wide: [number, number][] = [
    [1, 2],
    [2, 1],
  ];
  const [heads, width] = isSmall ? [1, 1] : oneOf(random, wide);
  const seed = whole(random, 0, 1000);
  return {
    sizes: { batch: 1, heads, width, numQueries: 3, numKeys: 3 },
    options: {
      mask: tensor([0, 0, 1], [1, 3], { dtype: "bool" }),
      offsets: indices([0, 2, 3]),
      dropout: () => ({ probability: 0.3, rng: new Rng(seed) }),
    },
  };
}

type Feature = "hasMask" | "hasBias" | "hasEvents" | "hasDropout";

/** A step with these features, and one with all: between them, each operand stands at every place it may have. */
function stepSamplers(
  op: string,
  { isPacked, features }: { isPacked: boolean; features: Feature[] },
): Record<string, Sampler> {
  const all: Feature[] = [
    "hasMask",
    ...(isPacked ? [] : ["hasBias" as const]),
    "hasEvents",
    "hasDropout",
  ];
  return {
    [op]: stepSampler(op, isPacked, features),
    [`${op} with everything`]: stepSampler(op, isPacked, all),
  };
}

function stepSampler(op: string, isPacked: boolean, features: readonly Feature[]): Sampler {
  return (random) => {
    const has = (feature: Feature) => features.includes(feature);
    // of all its operands, derivatives are taken twice
    const { sizes, options } = everything(random, op !== "attentionBiasGradient");
    const { heads, width, numKeys } = sizes;
    const rows = [1, numKeys, heads, width];
    const packed = [1, numKeys, 3, heads, width];
    const bias = [1, oneOf(random, [1, heads]), numKeys, numKeys];
    const shapes = [
      ...(isPacked ? [packed] : [rows, rows, rows]),
      ...(has("hasBias") ? [bias] : []),
      ...[rows, rows.slice(0, 3), rows.slice(0, 3)], // dy, L, δ
    ];
    const key = whole(random, 0, 1000); // of dropout, as `Rng` draws it
    const recorded = {
      attrs: { headDim: width, ...Object.fromEntries(features.map((feature) => [feature, true])) },
      values: [0.7, has("hasDropout") ? 0.3 : 0, key, 0, 0, 0, 0],
    };
    const result = { attentionGradient: packed, attentionBiasGradient: bias }[op] ?? rows;
    const operands = shapes.map((shape) => operand(random, shape, [-1, 1]));
    return caseOf(`${op}[${features}]`, operands, (...of) => {
      const first = of.splice(0, isPacked ? 1 : 3);
      const given = [
        ...(has("hasMask") ? [options.mask] : []),
        ...(has("hasBias") ? of.splice(0, 1) : []),
        ...(has("hasEvents") ? [options.offsets] : []),
      ];
      const inputs = [...first, ...given, ...of];
      const y = record(op, inputs, result, "f32", recorded);
      if (op !== "crossAttentionGradient") return y;
      const parts = ["dk", "dv"].map((name) => wrap(partOf(y.expr, name), inputs));
      return concat([y, ...parts].map((part) => part.reshape([-1])));
    });
  };
}
