/** Multi-layer perceptrons of the published programs: outputs, and gradients where they are given. */
import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { expect, test } from "vitest";
import { readSafetensors, type Safetensors } from "../../src/engine/formats/safetensors.ts";
import {
  activationNamed,
  BatchNorm,
  type Layer,
  LayerNorm,
  loadParameters,
  Mlp,
  type MlpOptions,
  Rng,
  realize,
  type StoredTensor,
  type TrainingPass,
  tensor,
  valueAndGrad,
} from "../../src/index.ts";
import { snakeCase } from "../../src/nn/module.ts";
import { openDevice } from "../../src/node/open.ts";
import { fixtureFolder, fixturePaths } from "../helpers/fixtures.ts";
import { onBackends } from "./compare.ts";
import { under, widthsOf } from "./stored.ts";

interface MlpCase {
  name: string;
  options: Omit<MlpOptions, "rng">;
  weights: Map<string, StoredTensor>;
  x: StoredTensor;
  expected: { y: StoredTensor; pass?: TrainingPass }[];
  /** Loss = sum of cotangent × output while training. */
  backward?: { cotangent: StoredTensor; dx: StoredTensor; grads: Map<string, StoredTensor> };
}

const jsonFiles = (folder: string) =>
  fixturePaths(folder, /\.json$/).map((path) => ({
    path,
    name: basename(path, ".json"),
    content: JSON.parse(readFileSync(path, "utf8")),
  }));

function tensorsBeside(path: string): Safetensors["tensors"] {
  const file = path.replace(/\.json$/, ".safetensors");
  return existsSync(file) ? readSafetensors(readFileSync(file), file).tensors : new Map();
}

/** Linear → activation → batch norm, names by stage. */
function hypertrackCases(): MlpCase[] {
  const described = jsonFiles("hypertrack").flatMap(({ path, content }) =>
    Object.entries(content as Record<string, { kind?: string; cases?: HypertrackMlp[] }>)
      .filter(([, entry]) => entry?.kind === "MLP")
      .map(([key, entry]) => ({ file: join(dirname(path), `${key}.json`), key, entry })),
  );
  return described.flatMap(({ file, key, entry }) => {
    const all = tensorsBeside(file);
    return (entry.cases ?? []).map(({ layers, act, bn, last_act }, which): MlpCase => {
      const tensors = under(all, `${which}.`);
      const activation = activationNamed(act)!;
      const options = {
        sizes: layers,
        activation,
        outputActivation: last_act ? activation : null,
        hasOutputNorm: last_act,
        norms: bn ? [(n: number) => new BatchNorm(n)] : [],
        isNormLast: true,
        isNested: true,
      };
      return {
        name: `hypertrack ${key} ${which}`,
        options,
        weights: under(tensors, "w."),
        x: tensors.get("x")!,
        expected: [
          { y: tensors.get("out_eval")! },
          { y: tensors.get("out_train")!, pass: { rng: new Rng(1) } },
        ],
        backward: {
          cotangent: tensors.get("cot")!,
          dx: tensors.get("gx")!,
          grads: under(tensors, "g."),
        },
      };
    });
  });
}

interface HypertrackMlp {
  layers: number[];
  act: string;
  bn: boolean;
  last_act: boolean;
}

/** Linear → layer norm → batch norm (its own statistics always) → activation; no norm at the end. */
function eggnetCases(): MlpCase[] {
  return jsonFiles("eggnet").flatMap(({ path, name, content }) => {
    const tensors = tensorsBeside(path);
    if (!content.config || !tensors.has("out.v")) return [];
    const { config } = content;
    const activation = activationNamed(config.hidden_activation)!;
    const norms: ((n: number) => Layer)[] = [
      ...(config.layernorm ? [(n: number) => new LayerNorm(n, { isAffine: false })] : []),
      ...(config.batchnorm
        ? [(n: number) => new BatchNorm(n, { epsilon: 6e-5, momentum: null })]
        : []),
    ];
    const stack = (hidden: number, count: number) => [
      ...new Array(count - 1).fill(hidden),
      config.node_rep_dim,
    ];
    const network = (key: string, from: string, to: string, widths: number[]): MlpCase => {
      const x = tensors.get(from)!;
      return {
        name: `eggnet ${name} ${key}`,
        options: {
          sizes: [x.shape[1], ...widths],
          activation,
          outputActivation: activation,
          norms,
        },
        weights: under(tensors, `w.${key}.`),
        x,
        expected: [{ y: tensors.get(to)! }],
      };
    };
    const { encoder_hidden, n_encoder_layers, node_0_hidden, n_node_0_layers } = config;
    return [
      network("node_encoder", "in.features", "out.v", stack(encoder_hidden, n_encoder_layers)),
      network("node_network_0", "out.v", "out.x0", stack(node_0_hidden, n_node_0_layers)),
    ];
  });
}

/** Linear → layer norm → activation, bare at the end. */
function exatrkxCases(): MlpCase[] {
  return jsonFiles("exatrkx").flatMap(({ path, name, content }) => {
    const tensors = tensorsBeside(path);
    const { hparams } = content;
    const network = (key: string, x: string, y: string, isAffine: boolean): MlpCase[] => {
      const weights = under(tensors, `param.${key}.`);
      const [from, to] = [tensors.get(x), tensors.get(y)];
      if (!from || !to || weights.size === 0) return [];
      const norms: ((n: number) => Layer)[] = [
        ...(hparams.layernorm === false ? [] : [(n: number) => new LayerNorm(n, { isAffine })]),
        ...(hparams.batchnorm
          ? [(n: number) => new BatchNorm(n, { isAffine: false, momentum: null })]
          : []),
      ];
      const options = {
        sizes: widthsOf(weights),
        activation: activationNamed(hparams.hidden_activation ?? hparams.activation)!,
        norms,
      };
      return [{ name: `exatrkx ${name} ${key}`, options, weights, x: from, expected: [{ y: to }] }];
    };
    return [
      ...network("node_encoder", "input", "nodes_encoded", true),
      ...network("network", "network_input", "embedding_unnormalised", true),
    ];
  });
}

const kinds = { hypertrack: hypertrackCases(), eggnet: eggnetCases(), exatrkx: exatrkxCases() };
const cases = Object.values(kinds).flat();

test("perceptrons are there, or reported as absent", () => {
  for (const [kind, found] of Object.entries(kinds))
    if (found.length === 0) console.log(`no perceptrons of ${kind} in ${fixtureFolder()}: absent`);
  expect(cases.every(({ weights }) => weights.size > 0)).toBe(true);
});

// Reference values are float32: rounding of sums of some tens of terms. HyperTrack's spec §16 suggests
// 10⁻⁴ and 2·10⁻⁵ forward, 10⁻³ and 10⁻⁴ backward; batch norm of few rows amplifies rounding.
const tolerance = { forward: 2e-5, backward: 1e-4 };

function expectClose(ours: ArrayLike<number>, { data }: StoredTensor, bound: number, what: string) {
  expect(ours.length, what).toBe(data.length);
  for (let i = 0; i < data.length; i++)
    expect(Math.abs(ours[i] - Number(data[i])), `${what}[${i}]`).toBeLessThan(
      bound * (1 + Math.abs(Number(data[i]))),
    );
}

const asTensor = ({ data, shape }: StoredTensor) => tensor(data as Float32Array, shape);

test.for(onBackends(cases))(
  "$name on $backend",
  async ({ options, weights, x, expected, backward, backend }) => {
    const device = await openDevice({ backend });
    try {
      const build = () => {
        const mlp = new Mlp({ ...options, rng: new Rng(1) });
        loadParameters(mlp, weights);
        return mlp;
      };
      for (const { y, pass } of expected)
        expectClose(await build().forward(asTensor(x), pass).data(), y, tolerance.forward, "y");
      if (!backward) return;
      const model = { mlp: build(), x: asTensor(x) };
      const { grads } = valueAndGrad(model, (m) =>
        m.mlp
          .forward(m.x, { rng: new Rng(1) })
          .mul(asTensor(backward.cotangent))
          .sum(),
      );
      await realize([...grads.values()]); // as one plan
      expectClose(await grads.get("x")!.data(), backward.dx, tolerance.backward, "dx");
      const named = new Map([...grads].map(([name, g]) => [snakeCase(name), g]));
      for (const [name, theirs] of backward.grads)
        expectClose(await named.get(`mlp.${name}`)!.data(), theirs, tolerance.backward, name);
    } finally {
      await device.close();
    }
  },
);
