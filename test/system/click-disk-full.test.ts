import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeLinks } from '../../scripts/bench/links.ts';
import { slugOf } from '../../scripts/bench/slugs.ts';
import { until } from '../../scripts/cluster/until.ts';
import { AppProcess } from '../support/app-process.ts';
import { readClickCounts, readMetric, readUnconfirmed } from '../support/click-counts.ts';
import { findFreePort } from '../support/free-port.ts';
import { HitLedger } from '../support/hit-ledger.ts';

const links = 20;
const dropped = 'hoplite_clicks_dropped_total{reason="disk_full"}';

test('with a full disk redirects go on, and each click that is lost is counted as lost', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'hoplite-full-'));
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rm(dataDir, { recursive: true, force: true }));
  makeLinks(dataDir, links);
  const spool = join(dataDir, 'clicks');
  mkdirSync(spool);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', spool]);
  stack.defer(() => void execFileSync('umount', [spool]));
  const app = stack.use(
    new AppProcess({ dataDir, port: await findFreePort(), privatePort: await findFreePort() }),
  );
  await app.start();
  const ledger = new HitLedger(Array.from({ length: links }, (_, n) => slugOf(n)));
  const stop = ledger.start(app.url);
  const untilAnswered = (more: number) => {
    const enough = ledger.answered + more;
    return until(() => ledger.answered >= enough, { what: 'hits are answered', timeoutMs: 30_000 });
  };
  await untilAnswered(2_000);
  const ballast = join(spool, 'ballast');
  // Takes what is left, to the last byte.
  expect(() => writeFileSync(ballast, Buffer.alloc(8 * 2 ** 20))).toThrow('ENOSPC');
  await until(async () => (await readMetric(app.privateUrl, dropped)) > 1_000, {
    what: 'clicks are dropped',
    timeoutMs: 30_000,
  });
  rmSync(ballast);
  const lost = await until(
    async () => {
      const before = await readMetric(app.privateUrl, dropped);
      await untilAnswered(500);
      return before === (await readMetric(app.privateUrl, dropped)) ? before : undefined;
    },
    { what: 'clicks are kept again', timeoutMs: 30_000 },
  );
  await stop();
  await until(async () => (await readUnconfirmed(app.privateUrl)) === 0, {
    what: 'all kept clicks are counted',
    timeoutMs: 30_000,
  });
  const counts = await readClickCounts(app.url);
  const counted = [...counts.values()].reduce((sum, count) => sum + count, 0);
  expect(counted).toBe(ledger.answered - lost);
  expect(ledger.refused).toEqual(new Map());
  // Told, and not once a click.
  const told = app.log.split('\n').filter((line) => line.includes('disk_full')).length;
  expect(told).toBeGreaterThan(0);
  expect(told).toBeLessThan(5);
});
