import { touches } from '../fault-window.ts';
import { isWrite } from '../history.ts';
import type { Invariant } from '../invariant.ts';

/** O7. While nodes move to a newer release, no request that comes through the edge fails. */
export const deployFailsNothing: Invariant = {
  id: 'O7',
  sentence: 'A rolling deployment with a migration fails no redirect and no write.',
  judge(history, tally) {
    const deploys = history.faults.filter(({ name }) => name === 'rolling-deploy');
    if (deploys.length === 0) return;
    for (const operation of history.operations) {
      // A node that is being replaced refuses connections; the edge asks another one.
      if (operation.via === history.nodeOf(operation)) continue;
      const { invokedAt, returnedAt, type, status } = operation;
      const deploy = deploys.find((fault) => touches(fault, invokedAt, returnedAt));
      if (deploy === undefined) continue;
      tally.look();
      const hasFailed = type === 'unknown' || (status !== undefined && status >= 500);
      if (!hasFailed) continue;
      const what = isWrite(operation) ? 'write' : 'read';
      tally.offend(`A ${what} failed during a deployment.`, [deploy.start, operation]);
    }
  },
};
