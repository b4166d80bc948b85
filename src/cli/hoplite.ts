#!/usr/bin/env node
import { takeLowestNiceness } from './lowest-priority.ts';
import { createOutput } from './output.ts';
import { runCommandLine } from './run-command-line.ts';

if (import.meta.main) {
  process.exitCode = await runCommandLine(process.argv.slice(2), {
    env: process.env,
    output: createOutput(process.stdout, process.stderr),
    input: () => process.stdin,
    giveWay: takeLowestNiceness,
  });
}
