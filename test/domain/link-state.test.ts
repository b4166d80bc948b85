import { expect, test } from 'vitest';
import { type LinkState, type LinkTiming, linkState } from '../../src/domain/link.ts';

const plain: LinkTiming = { notBefore: null, expiresAt: null, disabled: false, blocked: false };

test.each<[Partial<LinkTiming>, number, LinkState]>([
  [{}, 0, 'active'],
  [{ notBefore: 1_000 }, 999, 'pending'],
  [{ notBefore: 1_000 }, 1_000, 'active'],
  [{ expiresAt: 1_000 }, 999, 'active'],
  [{ expiresAt: 1_000 }, 1_000, 'expired'],
  [{ notBefore: 1_000, expiresAt: 2_000 }, 999, 'pending'],
  [{ notBefore: 1_000, expiresAt: 2_000 }, 1_500, 'active'],
  [{ notBefore: 1_000, expiresAt: 2_000 }, 2_000, 'expired'],
  [{ notBefore: 0, expiresAt: 0 }, 0, 'expired'],
  [{ disabled: true }, 0, 'disabled'],
  [{ disabled: true, expiresAt: 1 }, 2, 'disabled'],
  [{ disabled: true, notBefore: 3 }, 2, 'disabled'],
  [{ blocked: true }, 0, 'blocked'],
  [{ blocked: true, disabled: true, expiresAt: 1 }, 2, 'blocked'],
  [{ blocked: true, notBefore: 3 }, 2, 'blocked'],
])('a link with %j is at %d %s', (timing, now, state) => {
  expect(linkState({ ...plain, ...timing }, now)).toBe(state);
});
