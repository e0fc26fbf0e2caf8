import {
  Adam,
  type Explanation,
  explain as explainPlan,
  parameters,
  Rng,
  realize,
} from "../index.ts";
import {
  type CommonOptions,
  deviceName,
  print,
  UsageError,
  type Verb,
  wholeNumber,
  withCommonOptions,
  withDevice,
} from "./command.ts";
import { type Explainable, explainables, type Sizes } from "./explainable.ts";
import { table } from "./table.ts";
import { collect } from "./trained.ts";

interface Options extends CommonOptions {
  backend?: string;
  size: string[];
  measure?: boolean;
  source?: boolean;
}

export const explain: Verb = (program) => {
  const models = Object.entries(explainables).map(
    ([name, { about, sizes }]) => `  ${name}: ${about}; ${showSizes(sizes)}`,
  );
  const command = program
    .command("explain <model>")
    .description("the fusion plan of a model's training step with Adam")
    .option("--size <name=n>", "a size of the model or of its batch", collect, [])
    .option("--measure", "also run the launches, and say how long each takes")
    .option("--source", "also print what is generated for each launch")
    .option("--backend <name>", "the same as --device", deviceName("--backend"))
    .addHelpText("after", `\nModels, with their sizes:\n${models.join("\n")}`);
  withCommonOptions(command).action(run);
};

const showSizes = (sizes: Sizes): string =>
  Object.entries(sizes)
    .map(([name, size]) => `${name}=${size}`)
    .join(" ");

async function run(name: string, options: Options): Promise<void> {
  if (!Object.hasOwn(explainables, name))
    throw new UsageError(
      `explain(model): expected ${Object.keys(explainables).join(", ")}, got ${name}`,
    );
  const explainable = explainables[name];
  const sizes = sizesOf(explainable, options.size);
  const device = options.backend ?? options.device;
  const { backend, explained } = await withDevice({ ...options, device }, async (opened) => ({
    backend: opened.backend.name,
    explained: await explainStep(explainable, sizes, options),
  }));
  const { launches, ...rest } = explained;
  const shown = options.source ? launches : launches.map(({ source: _, ...launch }) => launch);
  print(options, { model: name, backend, sizes, launches: shown, ...rest }, () =>
    [
      `training step of ${name} (${showSizes(sizes)}) on ${backend}`,
      explained.text,
      pipelinesOf(explained),
      ...(options.source ? launches.map(sourceOf) : []),
    ].join("\n\n"),
  );
}

/** The defaults, those changed that were asked for. */
function sizesOf({ sizes }: Explainable, asked: readonly string[]): Sizes {
  const changed = asked.map((text): [string, number] => {
    const [name, value = ""] = text.split("=");
    if (!Object.hasOwn(sizes, name))
      throw new UsageError(`--size: expected one of ${showSizes(sizes)}, got ${text}`);
    return [name, wholeNumber(`--size ${name}`, 1)(value)];
  });
  return { ...sizes, ...Object.fromEntries(changed) };
}

/** The plan of a step as it is repeated: parameters, moments and inputs are there already. */
async function explainStep(
  { make }: Explainable,
  sizes: Sizes,
  { seed, measure = false }: Options,
): Promise<Explanation> {
  const { model, differentiate, inputs } = make(sizes, new Rng(seed));
  await realize([...inputs, ...parameters(model).values()]);
  const adam = new Adam(model);
  const step = () => {
    const { value, grads } = differentiate();
    adam.update(grads);
    return value;
  };
  await step().item(); // moments begin as zeros, which would be part of the plan
  const value = step();
  const stepped = [value, ...parameters(model).values(), ...adam.state().values()];
  return explainPlan(stepped, { measure });
}

/** What was compiled, with the launches that share it. */
function pipelinesOf({ launches }: Explanation): string {
  const users = new Map<string, number[]>();
  for (const [which, { pipelines }] of launches.entries())
    for (const { key } of pipelines) users.set(key, [...(users.get(key) ?? []), which]);
  const all = new Map(launches.flatMap(({ pipelines }) => pipelines.map((p) => [p.key, p])));
  const rows = [...all.values()].map(({ key, label, bytes, compileMs }) => [
    ...[key, label, bytes === undefined ? "–" : `${bytes}`, compileMs.toFixed(2)],
    (users.get(key) as number[]).join(" "),
  ]);
  return table(["pipeline", "label", "bytes", "compile ms", "launches"], rows);
}

const sourceOf = ({ label, source }: Explanation["launches"][number], which: number): string =>
  `// launch ${which}, ${label}\n${source}`;
