/** Exa.TrkX networks with their losses and gradients, and five steps of AdamW with warm-up and decay. */
import { expect, test } from "vitest";
import {
  Adam,
  type AggregationName,
  activationNamed,
  BatchNorm,
  bceWithLogits,
  concat,
  gather,
  InteractionNetwork,
  type InteractionNetworkOptions,
  indices,
  type Layer,
  LayerNorm,
  l2Normalize,
  linearWarmup,
  loadParameters,
  Mlp,
  pairHinge,
  parameters,
  Rng,
  stepDecay,
  type Tensor,
  tensor,
  valueAndGrad,
} from "../../src/index.ts";
import { snakeCase } from "../../src/nn/module.ts";
import { openDevice } from "../../src/node/open.ts";
import { fixtureFolder } from "../helpers/fixtures.ts";
import { onBackends } from "./compare.ts";
import { VanillaFilter } from "./exatrkxNets.ts";
import {
  bools,
  describedTensors,
  expectLoss,
  floats,
  type LossCase,
  pairsOf,
  type Tensors,
  under,
  widthsOf,
} from "./stored.ts";

type Hparams = Record<string, number | boolean | string | string[]>;

/** A case whose network gets the parameters of the file. */
function caseOf<Model extends object>(
  name: string,
  tensors: Tensors,
  make: () => Model,
  loss: (model: Model) => Tensor,
  value: number,
): LossCase<Model> {
  const build = () => {
    const model = make();
    loadParameters(model, under(tensors, "param."), name);
    return model;
  };
  const terms = (model: Model) => ({ loss: loss(model) });
  return { name, build, terms, values: { loss: value }, grads: under(tensors, "grad.") };
}

/** Metric learning: embedding of hits, hinge over pairs. */
function embedding(name: string, content: { hparams: Hparams; train_loss: number }, t: Tensors) {
  const { regime, margin, weight, activation } = content.hparams;
  const sizes = widthsOf(under(t, "param.network."));
  const make = () => ({
    network: new Mlp({
      sizes,
      activation: activationNamed(String(activation))!,
      norms: [(n: number) => new LayerNorm(n)],
      rng: new Rng(1),
    }),
  });
  const loss = ({ network }: ReturnType<typeof make>) => {
    const raw = network.forward(floats(t.get("network_input")!));
    const x = (regime as string[]).includes("norm") ? l2Normalize(raw) : raw;
    const options = { margin: Number(margin), positiveWeight: Number(weight) };
    return pairHinge(x, pairsOf(t.get("train_pairs")!), bools(t.get("train_truth")!), options);
  };
  return caseOf(name, t, make, loss, content.train_loss);
}

const endsOf = (nodes: Tensor, edges: Parameters<typeof pairsOf>[0]): Tensor => {
  const { first, second } = pairsOf(edges);
  return concat([gather(nodes, first), gather(nodes, second)]);
};

/** Edge filter of shrinking layers, norms without parameters. */
function pyramid(name: string, content: { hparams: Hparams }, t: Tensors) {
  const { layernorm, batchnorm, hidden_activation, weight } = content.hparams;
  const norms: ((n: number) => Layer)[] = [
    ...(layernorm ? [(n: number) => new LayerNorm(n, { isAffine: false })] : []),
    ...(batchnorm ? [(n: number) => new BatchNorm(n, { isAffine: false, momentum: null })] : []),
  ];
  const activation = activationNamed(String(hidden_activation))!;
  const sizes = widthsOf(under(t, "param.net."));
  const make = () => ({ net: new Mlp({ sizes, activation, norms, rng: new Rng(1) }) });
  const loss = ({ net }: ReturnType<typeof make>) => {
    const logits = net.forward(endsOf(floats(t.get("node_input")!), t.get("edge_index")!));
    const labels = bools(t.get("y")!).cast("f32");
    return bceWithLogits(logits.reshape([-1]), labels, { positiveWeight: Number(weight) });
  };
  const key = Object.keys(content).find((key) => key.startsWith("loss_bce"))!;
  return caseOf(name, t, make, loss, (content as unknown as Record<string, number>)[key]);
}

/** Edge filter trained on a balanced sample. */
function vanilla(name: string, content: { hparams: Hparams; train_loss: number }, t: Tensors) {
  const { hidden, nb_layer, cell_channels, layernorm, weight } = content.hparams;
  const nodes = concat([
    floats(t.get("cell_data")!).slice([null, [0, Number(cell_channels)]]),
    floats(t.get("x")!),
  ]);
  const inputs = 2 * nodes.shape[1];
  const build = () => {
    const model = new VanillaFilter(inputs, Number(hidden), Number(nb_layer), Boolean(layernorm));
    const used = [...under(t, "param.")].filter(([key]) => !key.startsWith("batchnorm."));
    loadParameters(model, new Map(used), name);
    return model;
  };
  const labels = bools(t.get("train_labels")!).cast("f32");
  const terms = (model: VanillaFilter) => ({
    loss: bceWithLogits(model.forward(endsOf(nodes, t.get("train_edges")!)), labels, {
      positiveWeight: Number(weight),
    }),
  });
  const grads = new Map([...under(t, "grad.")].filter(([key]) => !key.startsWith("batchnorm.")));
  return { name, build, terms, values: { loss: content.train_loss }, grads };
}

interface Trace {
  hparams: Hparams;
  loss_pos_weight_bce: number;
  optimiser: {
    betas: [number, number];
    eps: number;
    amsgrad: boolean;
    weight_decay: number;
    lr_used_per_step: number[];
    loss_before_each_step: number[];
  };
}

/** Tensors by the names of ours: both networks of an iteration are fields of its layer. */
const inLayer = (tensors: Tensors): Tensors =>
  new Map(
    [...tensors].map(([name, t]) => [
      name.replace(/^((?:param|grad|after)\.)?(node|edge)_network\./, "$1layers.0.$2_network."),
      t,
    ]),
  );

/** `mean_max` means the greatest, then the mean: columns come in this order. */
const aggregatesOf = (names: unknown): AggregationName[] =>
  (["max", "mean", "sum"] as const).filter((name) => String(names).split("_").includes(name));

function interactionOptions(hparams: Hparams): Omit<InteractionNetworkOptions, "inputs"> {
  return {
    hiddenDim: Number(hparams.hidden),
    numIterations: Number(hparams.n_graph_iters),
    numNodeLayers: Number(hparams.nb_node_layer),
    numEdgeLayers: Number(hparams.nb_edge_layer),
    activation: activationNamed(String(hparams.hidden_activation))!,
    aggregate: aggregatesOf(hparams.aggregation),
    rng: new Rng(1),
  };
}

/** Interaction network over edges in both directions. */
function interaction(name: string, content: Trace, file: Tensors) {
  const { hparams } = content;
  const t = inLayer(file);
  const norms = [(n: number) => new LayerNorm(n)];
  const inputs = t.get("input")!.shape[1];
  const make = () => new InteractionNetwork({ ...interactionOptions(hparams), inputs, norms });
  const { first: source, second: target } = pairsOf(t.get("edge_index_bidirectional")!);
  const truth = (hparams.regime as string[]).includes("pid") ? "y_pid" : "y"; // of one direction
  const oneWay = bools(t.get(truth)!).cast("f32");
  const labels = concat([oneWay, oneWay]);
  const loss = (model: InteractionNetwork) =>
    bceWithLogits(model.forward(floats(t.get("input")!), { source, target }), labels, {
      positiveWeight: Number(hparams.weight),
    });
  return caseOf(name, t, make, loss, content.loss_pos_weight_bce);
}

/**
 * The development version: norms without parameters, edges that see the new nodes, and a loss of two
 * means over edges in both directions, without those of a particle that is not asked for.
 */
function masked(
  name: string,
  content: { hparams: Hparams; train_loss_masked: number },
  f: Tensors,
) {
  const { hparams } = content;
  const t = inLayer(f);
  const norms: ((n: number) => Layer)[] = [
    ...(hparams.layernorm ? [(n: number) => new LayerNorm(n, { isAffine: false })] : []),
    ...(hparams.batchnorm
      ? [(n: number) => new BatchNorm(n, { isAffine: false, momentum: null })]
      : []),
  ];
  const inputs = t.get("x")!.shape[1];
  const options = { ...interactionOptions(hparams), inputs, norms, hasNewNodes: true };
  const { data, shape } = t.get("edge_index")!;
  const [forth, back] = [0, 1].map((row) =>
    Array.from(data as ArrayLike<number>, Number).slice(row * shape[1], (row + 1) * shape[1]),
  );
  const ends = {
    source: indices([...forth, ...back]),
    target: indices([...back, ...forth]),
  };
  const truth = Array.from(t.get(String(hparams.truth_key))!.data, Number);
  const samePid = Array.from(t.get("y_pid")!.data, Number);
  const isKept = truth.map((y, e) => !hparams.mask_background || y > 0 || !samePid[e]);
  const count = (wanted: (y: number, e: number) => boolean) => 2 * truth.filter(wanted).length;
  const positive = Number(hparams.weight) / count((y) => y > 0);
  const negative = 1 / count((y, e) => y === 0 && isKept[e]);
  const weights = truth.map((y, e) => (y > 0 ? positive : isKept[e] ? negative : 0));
  const loss = (model: InteractionNetwork) =>
    bceWithLogits(model.forward(floats(t.get("x")!), ends), tensor([...truth, ...truth]), {
      weights: tensor([...weights, ...weights]),
      reduction: "sum",
    });
  const make = () => new InteractionNetwork(options);
  return caseOf(name, t, make, loss, content.train_loss_masked);
}

const files = describedTensors("exatrkx");
const traces: {
  name: string;
  content: Trace;
  tensors: Tensors;
  loss: LossCase<InteractionNetwork>;
}[] = [];
const cases = files.flatMap(({ name, content, tensors: read }): LossCase[] => {
  const t = read();
  if (t.has("train_pairs") && t.has("network_input"))
    return [embedding(name, content, t)] as LossCase[];
  if (content.layer_sizes && t.has("node_input")) return [pyramid(name, content, t)] as LossCase[];
  if (t.has("train_edges") && t.has("param.layernorm.weight"))
    return [vanilla(name, content, t)] as LossCase[];
  if ("train_loss_masked" in content) return [masked(name, content, t)] as LossCase[];
  if (!("optimiser" in content) || !t.has("edge_index_bidirectional")) return [];
  const loss = interaction(name, content, t);
  traces.push({ name, content, tensors: inLayer(t), loss });
  return [loss] as LossCase[];
});

test("networks are there, or reported as absent", () => {
  if (cases.length === 0) console.log(`no exatrkx networks in ${fixtureFolder()}: absent`);
  if (traces.length === 0) console.log(`no exatrkx optimizer traces in ${fixtureFolder()}: absent`);
  expect(cases.every(({ grads }) => grads.size > 0)).toBe(true);
});

test.for(onBackends(cases))("$name on $backend: loss and gradients", (loss) =>
  expectLoss(loss.backend, loss),
);

test.for(onBackends(traces))(
  "$name on $backend: optimizer steps",
  async ({ content, tensors, loss, backend }) => {
    const device = await openDevice({ backend });
    try {
      const { hparams, optimiser } = content;
      const { betas, eps: epsilon, amsgrad, weight_decay: weightDecay } = optimiser;
      const [rate, factor, period, warmup] = ["lr", "factor", "patience", "warmup"].map((key) =>
        Number(hparams[key]),
      );
      const schedule = linearWarmup(
        { rate, duration: warmup },
        stepDecay({ rate, factor, period, from: warmup }),
      );
      const model = loss.build();
      const adam = new Adam(model, { betas, epsilon, amsgrad, weightDecay });
      for (const [step, value] of optimiser.loss_before_each_step.entries()) {
        adam.learningRate = schedule(step);
        expect(adam.learningRate).toBeCloseTo(optimiser.lr_used_per_step[step], 12);
        const { value: ours, grads } = valueAndGrad(model, (m) => loss.terms(m).loss);
        adam.update(grads);
        // as the README of the fixtures says of the trace, relative to a loss near 1
        expect(Math.abs((await ours.item()) - value)).toBeLessThan(1e-4);
      }
      const named = new Map([...parameters(model)].map(([name, p]) => [snakeCase(name), p]));
      for (const [name, { data }] of under(tensors, "after.")) {
        const ours = await named.get(name)!.data();
        for (let i = 0; i < data.length; i++)
          expect(Math.abs(ours[i] - Number(data[i])), `${name}[${i}]`).toBeLessThan(1e-4);
      }
    } finally {
      await device.close();
    }
  },
);
