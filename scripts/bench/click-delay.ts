import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { createLink, edgeOf, sendAsAdmin } from '../../test/support/cluster-client.ts';
import { follow } from '../../test/support/send.ts';
import { LocalCluster } from '../cluster/cluster.ts';
import { layOut } from '../cluster/table.ts';
import { until } from '../cluster/until.ts';
import { openBench } from './open-bench.ts';
import { quantile } from './statistics.ts';

const lanes = 10;
const clicksPerLane = 50;
const lookEveryMs = 100;
const patienceMs = 60_000;
const regions = ['ams', 'iad', 'syd'] as const;

const linkWithClicks = z.object({ clicks: z.object({ total: z.number() }).nullable() });

const bench = openBench('click-delay');
const { folder, stop, now } = bench;
await bench.run(async () => {
  await using cluster = await LocalCluster.start({
    dir: join(folder, 'cluster'),
    latency: true,
    signal: stop,
    now,
    variant: () => ({ env: () => ({ WRITES_PER_MINUTE: '1000000' }) }),
  });
  const tookMs: number[] = [];
  await Promise.all(
    Array.from({ length: lanes }, (_, lane) => clickAndLook(cluster, `lane-${lane}`, tookMs)),
  );
  const ms = (share: number) => quantile(tookMs, share).toFixed(0);
  const rows = [
    ['clicks', 'nodes', 'p50 ms', 'p99 ms', 'longest ms'],
    [String(tookMs.length), String(cluster.nodes.length), ms(0.5), ms(0.99), ms(1)],
  ];
  console.log(layOut(rows).join('\n'));
});

/** Clicks a link again and again, each time until all nodes have counted it. */
async function clickAndLook(cluster: LocalCluster, slug: string, tookMs: number[]): Promise<void> {
  await createLink(cluster, edgeOf(cluster, 'ams'), slug);
  for (let clicks = 1; clicks <= clicksPerLane; clicks += 1) {
    await delay(Math.random() * 1_000, undefined, { signal: stop });
    const region = regions[Math.floor(Math.random() * regions.length)] as string;
    const answer = await follow(edgeOf(cluster, region), slug);
    const answeredAtMs = performance.now();
    if (!answer.startsWith('302 ')) throw new Error(`${region} answered ${answer}`);
    const count = async (url: string) => {
      await delay(lookEveryMs, undefined, { signal: stop });
      const { text } = await sendAsAdmin(cluster, `${url}/api/v1/links/${slug}`);
      return linkWithClicks.parse(JSON.parse(text)).clicks?.total;
    };
    await Promise.all(
      cluster.nodes.map(({ id, url }) =>
        until(async () => (await count(url)) === clicks, {
          what: `${id} has counted click ${clicks} of ${slug}`,
          timeoutMs: patienceMs,
          signal: stop,
        }),
      ),
    );
    tookMs.push(performance.now() - answeredAtMs);
  }
}
