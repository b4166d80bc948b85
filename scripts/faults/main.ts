// `npm run faults`: real faults on a real fleet, and a verdict on what it promises. See options.ts for what it can do.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ClusterFailure } from '../cluster/cluster-failure.ts';
import { readRun } from '../cluster/folder.ts';
import { takeInterrupts } from '../cluster/interrupts.ts';
import { isRunning } from '../cluster/process-identity.ts';
import { projectDir } from '../cluster/programs.ts';
import { runAndJudge } from './judged-run.ts';
import { findMutants, isFound } from './mutants/find-mutants.ts';
import { parseFaultsCommand, usage } from './options.ts';
import { enterOwnNetwork } from './own-network.ts';
import { findBroken } from './report/result.ts';

try {
  const command = parseFaultsCommand(process.argv.slice(2));
  if (command.help) {
    console.log(usage);
  } else if (command.mutants) {
    const results = await findMutants({
      ...command,
      dir: join(projectDir, 'data/faults-mutants'),
      say: (sentence) => console.log(sentence),
      signal: takeInterrupts().stop,
    });
    if (command.json !== undefined) {
      writeFileSync(command.json, `${JSON.stringify(results, undefined, 2)}\n`);
    }
    const found = results.filter(isFound).length;
    console.log(`${found} of ${results.length} mutants were found.`);
    if (found < results.length) process.exitCode = 1;
  } else {
    enterOwnNetwork();
    console.log(`The seed is ${command.seed}.`);
    const { result, failure } = await runAndJudge({
      ...command,
      choice: command.only && { only: command.only, times: command.times },
      dir: findFolder(),
      maxMs: command.minutes * 60_000,
      say: (sentence) => console.log(sentence),
      interrupts: takeInterrupts(),
    });
    if (failure !== undefined || findBroken(result).length > 0) process.exitCode = 1;
  }
} catch (error) {
  const isInterrupted = error instanceof Error && error.name === 'AbortError';
  if (!isInterrupted && !(error instanceof ClusterFailure)) throw error;
  console.error(isInterrupted ? 'Interrupted; all that was started has ended.' : error.message);
  process.exitCode = 1;
}

/** The first folder in which nothing runs: somebody else may run faults too. */
function findFolder(): string {
  for (let number = 1; ; number++) {
    const dir = join(projectDir, `data/faults-${number}`);
    const command = readRun(dir)?.command;
    if (command === undefined || !isRunning(command)) return dir;
  }
}
