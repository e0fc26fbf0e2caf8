import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { saveSafetensors } from "../node/weights.ts";
import { print, resolved, type Verb, withDevice } from "./command.ts";
import { progress } from "./progress.ts";
import { openTrained, type TrainedOptions, withTrainedOptions } from "./trained.ts";

export const infer: Verb = (program) => {
  const command = program
    .command("infer <config.yaml>")
    .description("what a trained model says of each event: <dir>/<set>/<event>.safetensors")
    .option("-o, --output <dir>", "default: inferred");
  withTrainedOptions(command).action(run);
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
