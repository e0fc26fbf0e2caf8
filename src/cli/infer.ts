import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { saveSafetensors } from "../node/weights.ts";
import { one, print, resolved, type Verb, withDevice } from "./command.ts";
import { folderToWrite } from "./outputs.ts";
import { progress } from "./progress.ts";
import { checkpointOption, openTrained, type TrainedOptions, withTaskOptions } from "./trained.ts";

export const infer: Verb = (program) => {
  const command = program
    .command("infer <config.yaml>")
    .description("what a trained model says of each event: <dir>/<set>/<event>.safetensors")
    .requiredOption(...checkpointOption)
    .option("-o, --output <dir>", "default: inferred; also --output_dir", folderToWrite("-o"))
    .option("--devices <n>", "1, also -dv: a single device infers", one("-dv", "device"))
    .option("-n, --num_nodes <n>", "1: a single machine infers", one("-n", "machine"));
  withTaskOptions(command).action(run);
};

async function run(configPath: string, given: TrainedOptions): Promise<void> {
  const options = resolved(given);
  const { task, weights, sets } = await openTrained(configPath, options);
  const folder = options.output ?? "inferred";
  const total = sets.reduce((sum, set) => sum + task.numEvents(set), 0);
  await withDevice(options, async () => {
    const bar = progress(options, "events", total);
    for (const set of sets) {
      mkdirSync(join(folder, set), { recursive: true });
      for await (const { event, tensors, metadata } of task.infer(weights, set)) {
        saveSafetensors(join(folder, set, `${event}.safetensors`), tensors, metadata);
        bar.step();
      }
    }
    bar.stop();
  });
  print(options, { output: folder, events: total }, () => `${total} events in ${folder}`);
}
