import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { writeAtomic } from "../node/files.ts";
import { withClusteringThreads } from "./clusteringThreads.ts";
import { print, resolved, UsageError, type Verb, withDevice } from "./command.ts";
import { ConfigFile } from "./configFile.ts";
import type { DataSet, Evaluation, EvaluationOptions, Task } from "./family.ts";
import { folderToWrite } from "./outputs.ts";
import { reportPage } from "./report.ts";
import {
  checkpointOption,
  openTrained,
  openUntrained,
  type TaskOptions,
  withTaskOptions,
} from "./trained.ts";

interface Options extends TaskOptions {
  checkpoint?: string;
}

export const evaluate: Verb = (program) => {
  const [flags, checkpoint] = checkpointOption;
  const command = program
    .command("eval <config.yaml> [settings.yaml]")
    .description("scores, errors and times of a trained model; settings are chosen on the valset")
    .option(flags, `${checkpoint}; without, what infer -o <dir> wrote is read (EggNet)`)
    .option(
      "-o, --output <dir>",
      "writes evaluation-<set>.json and .html there; also --output_dir",
      folderToWrite("-o"),
    );
  withTaskOptions(command).action(run);
};

async function run(
  configPath: string,
  settingsPath: string | undefined,
  given: Options,
): Promise<void> {
  const options = resolved(given);
  const { task, sets, evaluateAll } = await open(configPath, options);
  const settings = settingsPath === undefined ? null : await ConfigFile.read(settingsPath);
  const found = await withClusteringThreads(options, (threads) =>
    evaluateAll({ settings, threads }),
  );
  const document = (which: number) => ({ set: sets[which], ...found[which].document });
  if (options.output !== undefined) {
    mkdirSync(options.output, { recursive: true });
    for (const [which, set] of sets.entries()) {
      const path = join(options.output, `evaluation-${set}`);
      writeAtomic(`${path}.json`, JSON.stringify(document(which)));
      const { sections } = found[which];
      if (!sections) continue;
      const page = await reportPage({ title: `${task.name}: ${set}`, sections });
      writeAtomic(`${path}.html`, page);
    }
  }
  const documents = sets.map((_, which) => document(which));
  print(options, documents.length === 1 ? documents[0] : { sets: documents }, () =>
    sets.map((set, which) => `${set}\n\n${found[which].text}`).join("\n\n"),
  );
}

interface Evaluating {
  task: Task;
  sets: DataSet[];
  evaluateAll: (how: EvaluationOptions) => Promise<Evaluation[]>;
}

/** With weights, on a device; without, from what was inferred. */
async function open(configPath: string, options: Options): Promise<Evaluating> {
  const { checkpoint, output = "inferred" } = options;
  if (checkpoint !== undefined) {
    const { task, weights, sets } = await openTrained(configPath, { ...options, checkpoint });
    const evaluateAll = (how: EvaluationOptions) =>
      withDevice(options, () => inTurn(sets, (set) => task.evaluate(weights, set, how)));
    return { task, sets, evaluateAll };
  }
  const { task, sets } = await openUntrained(configPath, options);
  const { evaluateInferred } = task;
  if (!evaluateInferred)
    throw new UsageError(
      `-c: expected a run directory or weights, got none (${task.name} is not evaluated from what infer wrote)`,
    );
  const evaluateAll = (how: EvaluationOptions) =>
    inTurn(sets, (set) => evaluateInferred.call(task, output, set, how));
  return { task, sets, evaluateAll };
}

async function inTurn<Result>(
  sets: readonly DataSet[],
  of: (set: DataSet) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  for (const set of sets) results.push(await of(set));
  return results;
}
