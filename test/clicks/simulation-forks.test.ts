import fc from 'fast-check';
import { it } from 'vitest';
import { fleetKeepsPromises } from '../support/click-simulation-property.ts';

it('counts each click once, in random histories with copied volumes and such that go back in time', async () => {
  await fc.assert(fleetKeepsPromises({ hasForks: true }), { numRuns: 10_000, seed: 5 });
}, 600_000);
