import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { writeAtomic } from "../node/files.ts";
import { print, resolved, type Verb, withDevice } from "./command.ts";
import { ConfigFile } from "./configFile.ts";
import { reportPage } from "./report.ts";
import { openTrained, type TrainedOptions, withTrainedOptions } from "./trained.ts";

export const evaluate: Verb = (program) => {
  const command = program
    .command("eval <config.yaml> [settings.yaml]")
    .description("scores, errors and times of a trained model; settings are chosen on the valset")
    .option("-o, --output <dir>", "writes evaluation-<set>.json and .html there");
  withTrainedOptions(command).action(run);
};

async function run(
  configPath: string,
  settingsPath: string | undefined,
  given: TrainedOptions,
): Promise<void> {
  const options = resolved(given);
  const { task, weights, sets } = await openTrained(configPath, options);
  const settings = settingsPath === undefined ? null : await ConfigFile.read(settingsPath);
  const found = await withDevice(options, async () => {
    const evaluations = [];
    for (const set of sets) evaluations.push(await task.evaluate(weights, set, settings));
    return evaluations;
  });
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
