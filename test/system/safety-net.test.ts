import { expect, test } from 'vitest';
import { startTestCluster } from '../support/cluster.ts';
import {
  allCaughtUp,
  createLink,
  edgeOf,
  primaryOf,
  redirectOf,
  sendAsAdmin,
  statusOf,
} from '../support/cluster-client.ts';
import { copyProject } from '../support/project-copy.ts';
import { follow } from '../support/send.ts';

test.for(['fly', 'forward'] as const)(
  'a write that somebody put into a GET handler lands on the primary once, with REPLAY=%s',
  async (replay) => {
    using planted = copyProject();
    planted.insert(
      'src/http/links-operations.ts',
      'const link = await findLink(toLinkRef(path.slug, slugCase));',
      `await write({ caller: { is: 'anonymous' }, request: response.req, response }, 'createLink', {
        domainId: defaultDomainId,
        link: { destination: 'https://example.com/planted', slug: 'planted' },
      });`,
    );
    await using cluster = await startTestCluster({
      replay,
      variant: () => ({ projectDir: planted.dir }),
    });
    await createLink(cluster, edgeOf(cluster, 'ams'), 'read-me');
    await allCaughtUp(cluster);
    const primary = await primaryOf(cluster);
    const before = await statusOf(primary);
    cluster.edge.resetCounters();

    const read = await sendAsAdmin(cluster, `${edgeOf(cluster, 'syd')}/api/v1/links/read-me`);
    expect(read).toMatchObject({ status: 200 });
    expect(JSON.parse(read.text)).toMatchObject({ slug: 'read-me' });

    const { requests, deliveries, fallbacks, errors } = cluster.edge.counters;
    expect({ requests, fallbacks, errors }).toEqual({ requests: 1, fallbacks: 0, errors: {} });
    expect(deliveries).toEqual(replay === 'fly' ? { syd1: 1, [primary.id]: 1 } : { syd1: 1 });
    const after = await statusOf(primary);
    const txid = ({ position }: typeof after) => BigInt(`0x${position?.txid}`);
    expect(txid(after) - txid(before)).toBe(1n);
    for (const { url } of cluster.nodes) {
      expect(await follow(url, 'planted')).toBe('302 https://example.com/planted');
      expect(await follow(url, 'read-me')).toBe(redirectOf('read-me'));
    }
  },
);
