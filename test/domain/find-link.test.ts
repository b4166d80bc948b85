import { describe, expect, test } from 'vitest';
import { createFindLink } from '../../src/domain/find-link.ts';
import type { Link } from '../../src/domain/link.ts';
import type { SlugKey } from '../../src/domain/slug.ts';
import { makeLink } from '../support/make-link.ts';

/** A node whose copy gives `answers` one after the other, and which can or cannot catch up. */
function node(answers: readonly (Link | undefined)[], canCatchUp: boolean) {
  const steps: string[] = [];
  const left = [...answers];
  const findLink = createFindLink({
    links: {
      async findLink(domainId, slugKey) {
        steps.push(`look for ${domainId}/${slugKey}`);
        return left.shift();
      },
    },
    catchUp: {
      async catchUp() {
        steps.push('catch up');
        return canCatchUp;
      },
    },
  });
  return { steps, find: () => findLink({ domainId: 1, slugKey: 'sale' as SlugKey }) };
}

describe('finding a link on any node', () => {
  test('asks nobody for a link that this node knows', async () => {
    const { find, steps } = node([makeLink()], false);
    expect(await find()).toEqual(makeLink());
    expect(steps).toEqual(['look for 1/sale']);
  });

  test('catches up before it looks again for one that this node does not know', async () => {
    const { find, steps } = node([undefined, makeLink()], true);
    expect(await find()).toEqual(makeLink());
    expect(steps).toEqual(['look for 1/sale', 'catch up', 'look for 1/sale']);
  });

  test('says that there is none only after it caught up', async () => {
    expect(await node([undefined, undefined], true).find()).toBeUndefined();
  });

  test('says that it cannot tell when it cannot catch up', async () => {
    await expect(node([undefined, makeLink()], false).find()).rejects.toMatchObject({
      kind: 'unavailable',
      details: { retryAfterS: 1 },
    });
  });
});
