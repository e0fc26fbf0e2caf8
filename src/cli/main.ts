#!/usr/bin/env node
/** The command `trackgrad`. */
import { runCommand } from "./program.ts";

process.exitCode = await runCommand(process.argv.slice(2));
