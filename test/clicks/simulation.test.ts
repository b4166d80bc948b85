import fc from 'fast-check';
import { expect, it } from 'vitest';
import { faults } from '../support/click-simulation-faults.ts';
import { fleetKeepsPromises } from '../support/click-simulation-property.ts';

// The same histories each time, so that a change that breaks nothing is never held up; `npm run simulate` plays others.
it('counts each click once or says exactly how many are lost, in random histories', async () => {
  await fc.assert(fleetKeepsPromises({ hasForks: false }), { numRuns: 10_000, seed: 5 });
}, 600_000);

it.each(Object.keys(faults))(
  'goes red with %s',
  async (name) => {
    const broken = fleetKeepsPromises({ hasForks: false, broken: faults[name] });
    const found = await fc.check(broken, { numRuns: 5_000, seed: 1, endOnFailure: true });
    expect(found.errorInstance).toMatchObject({ name: 'BrokenPromise' });
  },
  120_000,
);
