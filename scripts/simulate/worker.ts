// A process of `npm run simulate`: plays the histories that it is told to, and says what came of them.

import fc from 'fast-check';
import { describePlay, fleetKeepsPromises } from '../../test/support/click-simulation-property.ts';
import type { Job, JobResult } from './job.ts';

process.on('message', (job: Job) => {
  void play(job).then((result) => process.send?.(result));
});

async function play({ world, seed, runs, path }: Job): Promise<JobResult> {
  const result = await fc.check(fleetKeepsPromises({ hasForks: world === 'forks' }), {
    seed,
    numRuns: runs,
    ...(path === undefined ? {} : { path, endOnFailure: true }),
  });
  if (!result.failed) return { runs: result.numRuns };
  const { counterexample, counterexamplePath, errorInstance } = result;
  const failure = [
    errorInstance instanceof Error ? errorInstance.stack : String(errorInstance),
    counterexample === null ? 'no history' : describePlay(counterexample),
    `again: npm run simulate -- --world ${world} --seed ${seed} --path ${counterexamplePath ?? path}`,
  ].join('\n');
  return { runs: result.numRuns, failure };
}
