#!/usr/bin/env node
/** The command `trackgrad`: exit code 0 when all was done, 2 for bad input, 1 for anything else. */
import { Command, CommanderError } from "commander";
import { env } from "../engine/env.ts";
import { DTypeError, FormatError, ShapeError } from "../engine/errors.ts";
import { UsageError } from "./command.ts";
import { verbs } from "./index.ts";

const program = new Command("trackgrad")
  .description("Detector hits to particle tracks with machine learning.")
  .exitOverride()
  .configureOutput({ outputError: () => {} }); // printed below, in our form
for (const addTo of Object.values(verbs)) addTo(program);
for (const command of program.commands)
  command.exitOverride().configureOutput({ outputError: () => {} });

try {
  if (process.argv.length <= 2) program.outputHelp();
  else await program.parseAsync();
} catch (error) {
  process.exitCode = exitCode(error as Error);
}

function exitCode(error: Error): number {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return 0; // --help
    console.error(`trackgrad: ${error.message.replace(/^error: /, "")}`);
    return 2;
  }
  console.error(`trackgrad: ${env.debug() > 0 ? error.stack : error.message}`);
  const isBadInput = [UsageError, FormatError, ShapeError, DTypeError].some(
    (kind) => error instanceof kind,
  );
  return isBadInput ? 2 : 1;
}
