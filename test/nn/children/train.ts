/** Train the small model in a run directory, on js, until done or asked to stop. */
import { train } from "../../../src/index.ts";
import { openDevice } from "../../../src/node/open.ts";
import { RunDirectory, stopOnSignals } from "../../../src/node/runDirectory.ts";
import { tinyTraining } from "../tinyTraining.ts";

const [path, epochs] = process.argv.slice(2) as [string, string];
await openDevice({ backend: "js" });
const store = new RunDirectory(path, { config: "epochs: from the command line\n" });
const result = await train({
  ...tinyTraining(Number(epochs)),
  store,
  checkpointEvery: 3,
  signal: stopOnSignals(),
  onStep: (report) => {
    console.log("step", report.step);
    store.log({ ...report });
  },
  onEpoch: (report) => store.log({ ...report }),
});
store.close();
console.log(`stopped ${result.stopped} ${result.steps}`);
