import { existsSync } from "node:fs";
import { join } from "node:path";
import { type CommonOptions, print, UsageError, type Verb, withCommonOptions } from "./command.ts";
import { fileToWrite, folderToWrite } from "./outputs.ts";
import { writeReport } from "./report.ts";
import { runReport } from "./runReport.ts";

interface Options extends CommonOptions {
  output?: string;
  svg?: string;
}

export const report: Verb = (program) => {
  const command = program
    .command("report <run>")
    .description("training curves and configuration of a run directory, as one HTML file")
    .option(
      "-o, --output <file>",
      "where it goes; report.html in the run directory by default",
      fileToWrite("-o"),
    )
    .option("--svg <dir>", "also writes each plot as an SVG file there", folderToWrite("--svg"));
  withCommonOptions(command).action(run);
};

async function run(folder: string, options: Options): Promise<void> {
  if (!existsSync(join(folder, "metrics.jsonl")))
    throw new UsageError(`report: expected a run directory with metrics.jsonl, got ${folder}`);
  const file = options.output ?? join(folder, "report.html");
  const files = await writeReport(file, await runReport(folder), options);
  print(options, { run: folder, files }, () => files.join("\n"));
}
