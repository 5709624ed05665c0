#!/usr/bin/env node
/** The process: the command line and nothing else. */
import { runProgram } from './cli/program.ts';

await runProgram(process.argv.slice(2));
