/**
 * Published weights on given hits, against what PyTorch makes of them, in single and in double
 * precision. A case file has the keys `checkpoint`, `hyper` and `cases`; the weights lie beside it.
 */
import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { regressorData, regressorFrom, type TransformerRegressor } from "../../models/index.ts";
import { readWeights } from "../../src/engine/formats/weights.ts";
import { type Tensor, tensor } from "../../src/index.ts";
import { useDevice } from "../helpers/backends.ts";
import { fixtureFolder, fixturePaths } from "../helpers/fixtures.ts";

interface Case {
  name: string;
  input: number[][][];
  padding_mask: boolean[][];
  expected_output: number[][][];
  expected_output_float64: number[][][];
  suggested_atol: number;
  /** Activations of every hit, by the place they are taken from; single precision. */
  intermediate?: Record<string, number[][][]>;
}
interface CaseFile {
  checkpoint: string;
  data_type: string;
  input_features: string[];
  output_params: string[];
  hyper: { n_head: number; num_encoder_layers: number };
  n_parameters: number;
  cases: Case[];
}

const caseFiles = fixturePaths("transformer-regressor", /\.json$/)
  .map((path) => ({ path, content: JSON.parse(readFileSync(path, "utf8")) as CaseFile }))
  .filter(({ content }) => content.checkpoint && content.hyper && Array.isArray(content.cases))
  .map(({ path, content }) => ({ content, weights: join(dirname(path), content.checkpoint) }));
const present = caseFiles.filter(({ weights }) => existsSync(weights));
const absent = caseFiles.length - present.length;

test(`regressor cases: ${present.length || "absent"}, without weights: ${absent}, in ${basename(fixtureFolder())}`, () => {});

function modelOf({ content, weights }: (typeof present)[number]): TransformerRegressor {
  const { tensors } = readWeights(readFileSync(weights), content.checkpoint);
  return regressorFrom(tensors, { numHeads: content.hyper.n_head, source: content.checkpoint });
}

/** The decimals of a case stand for single precision, whatever we compute in. */
function inputsOf({ input, padding_mask }: Case): [hits: Tensor, mask: Tensor] {
  const shape = [input.length, input[0]!.length, input[0]![0]!.length];
  const hits = Float64Array.from(input.flat(2), Math.fround);
  return [
    tensor(hits, shape),
    tensor(padding_mask.flat().map(Number), shape.slice(0, 2), { dtype: "bool" }),
  ];
}

/** The largest difference over the rows that are hits. */
async function difference(got: Tensor, want: number[][][], mask: boolean[][]): Promise<number> {
  const data = await got.data();
  const width = got.shape[2]!;
  expect(got.shape).toEqual([want.length, want[0]!.length, want[0]![0]!.length]);
  const errors = mask.flat().flatMap((isPadding, row) => {
    if (isPadding) return [];
    const wanted = want.flat()[row]!;
    return wanted.map((v, i) => Math.abs(v - data[row * width + i]!));
  });
  return errors.reduce((a, b) => Math.max(a, b), 0);
}

describe.each(present.map((file) => [file.content.checkpoint, file] as const))("%s", (_, file) => {
  const { content } = file;

  test("has the sizes and the columns that its case file states", () => {
    const model = modelOf(file);
    expect(model.numParameters).toBe(content.n_parameters);
    expect(model.encoder.layers.length).toBe(content.hyper.num_encoder_layers);
    const columns: Record<string, { inputs: readonly string[]; outputs: readonly string[] }> =
      regressorData;
    const plain = (names: readonly string[]) => names.map((name) => name.replaceAll(/[()]/g, ""));
    const { inputs, outputs } = columns[content.data_type]!;
    expect(plain(inputs)).toEqual(plain(content.input_features));
    expect(plain(outputs)).toEqual(plain(content.output_params));
  });

  describe("in double precision", () => {
    useDevice("js-f64");

    test.each(content.cases)("$name equals PyTorch in double precision", async (sample) => {
      const y = modelOf(file).forward(...inputsOf(sample));
      // measured 5e-12: sums in another order, magnified by the layer norms
      const { expected_output_float64, padding_mask } = sample;
      expect(await difference(y, expected_output_float64, padding_mask)).toBeLessThan(1e-9);
    });

    test.each(content.cases.filter(({ intermediate }) => intermediate))(
      "$name has the published activations after every layer",
      async ({ intermediate = {}, suggested_atol, ...sample }) => {
        const model = modelOf(file);
        const [hits, mask] = inputsOf({ suggested_atol, ...sample });
        let x = model.inputLayer.forward(hits);
        const after = new Map([["after_input_layer", x]]);
        for (const [number, layer] of model.encoder.layers.entries()) {
          x = layer.forward(x, mask);
          after.set(`after_encoder_layer_${number}`, x);
        }
        for (const [place, want] of Object.entries(intermediate)) {
          const got = after.get(place);
          expect(got, place).toBeDefined();
          expect(await difference(got!, want, sample.padding_mask), place).toBeLessThan(
            suggested_atol,
          );
        }
      },
    );
  });

  describe.each(["js", "wasm", "webgpu"] as const)("on %s", (backend) => {
    useDevice(backend);

    test.each(content.cases)("$name equals PyTorch within its tolerance", async (sample) => {
      const y = modelOf(file).forward(...inputsOf(sample));
      expect(await difference(y, sample.expected_output, sample.padding_mask)).toBeLessThan(
        sample.suggested_atol,
      );
    });

    test("padding changes nothing for the hits of an event", async () => {
      const [sample] = content.cases.filter(({ padding_mask }) => padding_mask.length === 1);
      if (!sample) return;
      const { input, padding_mask, expected_output, suggested_atol } = sample;
      const padded = (rows: number[][]) => [...rows, ...rows.map((row) => row.map(() => -1))];
      const masks = padding_mask.map((row) => [...row, ...row.map(() => true)]);
      const wider = { ...sample, input: input.map(padded), padding_mask: masks };
      const y = modelOf(file).forward(...inputsOf(wider));
      const want = expected_output.map((rows) => [...rows, ...rows]);
      expect(await difference(y, want, masks)).toBeLessThan(suggested_atol);
    });
  });
});
