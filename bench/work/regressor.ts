/** How many hits a second does a Transformer Regressor of the size for crowded events learn from, or regress? */
import { TransformerRegressor } from "../../models/index.ts";
import {
  Adam,
  currentDevice,
  mse,
  parameters,
  Rng,
  type Tensor,
  valueAndGrad,
} from "../../src/index.ts";
import { filled, runsOf, type Workload } from "../workload.ts";

const [hits, width, numLayers, numHeads, hiddenDim] = [500, 128, 6, 4, 256];
/** Affine maps of every hit, and two products of attention per pair of hits. */
const flops = numLayers * hits * (2 * (4 * width ** 2 + 2 * width * hiddenDim) + 4 * hits * width);

/** Flash, as published: no output projection, and what goes between layers in f16 where the device can. */
const modelOf = (isFlash: boolean): TransformerRegressor =>
  new TransformerRegressor({
    inputs: 3,
    outputs: 4,
    ...{ numLayers, width, numHeads, hiddenDim },
    isUnprojected: isFlash,
    isHalf: isFlash && currentDevice().backend.storesF16,
    rng: new Rng(61),
  });

const sizes = `${hits} hits, d = ${width}, ${numLayers} layers, ${numHeads} heads`;

const rowsOf = (kind: "exact" | "flash"): Workload[] => {
  const isFlash = kind === "flash";
  const tolerance = isFlash ? 1e-2 : 1e-4; // f16 has eleven bits; f32 sums through twelve layer norms
  const prepare = async (
    record: (model: TransformerRegressor, given: Tensor[]) => () => Tensor,
  ) => {
    const model = modelOf(isFlash);
    const given = [filled([1, hits, 3], 62), filled([1, hits, 4], 63)];
    return runsOf([...given, ...parameters(model).values()], record(model, given));
  };
  return [
    {
      name: `regressor, ${kind}: inference, ${sizes}`,
      ...{ flops, hits, tolerance },
      prepare: () =>
        prepare(
          (model, [x]) =>
            () =>
              model.forward(x),
        ),
    },
    {
      name: `regressor, ${kind}: training step, ${sizes}`,
      ...{ flops: 3 * flops, hits, tolerance },
      prepare: () =>
        prepare((model, [x, y]) => {
          const adam = new Adam(model);
          return () => {
            const { value, grads } = valueAndGrad(model, (m) => mse(m.forward(x), y));
            adam.update(grads);
            return value;
          };
        }),
    },
  ];
};

export const regressor: readonly Workload[] = [...rowsOf("exact"), ...rowsOf("flash")];
