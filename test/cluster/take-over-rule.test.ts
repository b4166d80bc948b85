import { expect, it } from 'vitest';
import { decideTakeOver, type TakeOverFacts } from '../../src/cluster/take-over-rule.ts';

/** A candidate of the next release, ready, that follows a primary of this one. */
const newer: TakeOverFacts = {
  role: { is: 'replica', primary: 'a' },
  isCandidate: true,
  isReady: true,
  known: { links: 5, clicks: 2 },
  applied: { links: 4, clicks: 2 },
  hasFailed: false,
};

it.each<[string, Partial<TakeOverFacts>, string]>([
  ['a candidate with a newer migration of links.db', {}, 'ask'],
  ['one with a newer migration of clicks.db', { known: { links: 4, clicks: 3 } }, 'ask'],
  ['one of the same release', { known: { links: 4, clicks: 2 } }, 'nothing_newer'],
  ['one of an older release', { known: { links: 3, clicks: 2 } }, 'nothing_newer'],
  ['one after the migration', { applied: { links: 5, clicks: 2 } }, 'nothing_newer'],
  ['one that knows less of links and more of clicks', { known: { links: 3, clicks: 3 } }, 'ask'],
  ['the primary itself', { role: { is: 'primary' } }, 'not_replica'],
  ['a node that knows no primary', { role: { is: 'detached' } }, 'not_replica'],
  ['a node without a copy', { role: { is: 'joining' } }, 'not_replica'],
  ['a replica that is no candidate', { isCandidate: false }, 'not_candidate'],
  ['one that is not ready', { isReady: false }, 'not_ready'],
  ['one that cannot read the schema now', { applied: undefined }, 'not_ready'],
  ['one whose migrations have failed', { hasFailed: true }, 'has_failed'],
  [
    'one whose migrations have failed, once another has applied them',
    { hasFailed: true, applied: { links: 5, clicks: 2 } },
    'nothing_newer',
  ],
])('%s: %3$s', (_, changes, decision) => {
  expect(decideTakeOver({ ...newer, ...changes })).toBe(decision);
});

it('no two nodes ever want the lease from each other', () => {
  const versions = [1, 2, 3].flatMap((links) => [1, 2].map((clicks) => ({ links, clicks })));
  for (const one of versions) {
    for (const other of versions) {
      for (const applied of versions) {
        const after = {
          links: Math.max(one.links, applied.links),
          clicks: Math.max(one.clicks, applied.clicks),
        };
        const first = decideTakeOver({ ...newer, known: one, applied });
        if (first !== 'ask') continue;
        // It is primary now, and has migrated. What it knows is there.
        expect(decideTakeOver({ ...newer, known: one, applied: after })).toBe('nothing_newer');
        const second = decideTakeOver({ ...newer, known: other, applied: after });
        if (second !== 'ask') continue;
        const last = {
          links: Math.max(other.links, after.links),
          clicks: Math.max(other.clicks, after.clicks),
        };
        expect(decideTakeOver({ ...newer, known: one, applied: last })).toBe('nothing_newer');
      }
    }
  }
});
