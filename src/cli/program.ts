import { Command, CommanderError } from "commander";
import { env } from "../engine/env.ts";
import { DTypeError, FormatError, ShapeError } from "../engine/errors.ts";
import { UsageError } from "./command.ts";
import { verbs } from "./index.ts";

/** Published spellings of options, under ours. */
const spellings: Readonly<Record<string, string>> = {
  "-dv": "--devices", // commander knows single letters only
  "--output_dir": "--output",
};

const spelled = (arg: string): string => {
  const [name] = arg.split("=", 1);
  return Object.hasOwn(spellings, name) ? spellings[name] + arg.slice(name.length) : arg;
};

/** Runs one command line; returns the exit code: 0 when all was done, 2 for bad input, else 1. */
export async function runCommand(args: readonly string[]): Promise<number> {
  const program = new Command("trackgrad").description(
    "Detector hits to particle tracks with machine learning.",
  );
  for (const addTo of Object.values(verbs)) addTo(program);
  for (const command of [program, ...program.commands])
    command.exitOverride().configureOutput({ outputError: () => {} }); // printed below, in our form
  try {
    if (args.length === 0) program.outputHelp();
    else await program.parseAsync(args.map(spelled), { from: "user" });
    return 0;
  } catch (error) {
    return report(error as Error);
  }
}

/** One line that says what was wrong. */
function report(error: Error): number {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return 0; // --help
    console.error(`trackgrad: ${error.message.replace(/^error: /, "").replace(/\n.*/s, "")}`);
    return 2;
  }
  console.error(`trackgrad: ${env.debug() > 0 ? error.stack : error.message}`);
  const badInput = [UsageError, FormatError, ShapeError, DTypeError];
  return badInput.some((kind) => error instanceof kind) ? 2 : 1;
}
