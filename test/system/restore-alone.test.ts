import { existsSync, readdirSync, rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeLinks } from '../../scripts/bench/links.ts';
import { slugOf } from '../../scripts/bench/slugs.ts';
import { until } from '../../scripts/cluster/until.ts';
import { AppProcess } from '../support/app-process.ts';
import { readClickCounts, readUnconfirmed } from '../support/click-counts.ts';
import { findFreePort } from '../support/free-port.ts';
import { HitLedger } from '../support/hit-ledger.ts';
import { runHoplite } from '../support/run-hoplite.ts';
import { startS3Server } from '../support/s3-server.ts';

const links = 150;

test('a machine that has lost its databases has them back before it answers, and counts are exact', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'hoplite-restore-'));
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rm(dataDir, { recursive: true, force: true }));
  const s3 = stack.use(await startS3Server());
  const [port, privatePort] = [await findFreePort(), await findFreePort()];
  const env = {
    ...s3.env(),
    BACKUP_KEY: 'a key of this test and long enough for all',
    // Only when it is told to.
    BACKUP_INTERVAL: '1h',
  };
  const app = stack.use(new AppProcess({ dataDir, port, privatePort, env }));
  const lose = () => {
    for (const name of readdirSync(dataDir)) {
      if (/^(links|clicks)\.db/.test(name)) rmSync(join(dataDir, name));
    }
  };
  const slugs = Array.from({ length: links }, (_, n) => slugOf(n));
  const ledger = new HitLedger(slugs);
  const hit = async () => {
    const stop = ledger.start(app.url);
    const enough = ledger.answered + 500;
    await until(() => ledger.answered >= enough, { what: 'hits are answered', timeoutMs: 30_000 });
    await stop();
    await until(async () => (await readUnconfirmed(app.privateUrl)) === 0, {
      what: 'all clicks are counted',
      timeoutMs: 30_000,
    });
  };
  makeLinks(dataDir, links);
  await app.start();
  await hit();
  expect(
    await runHoplite(['backup', 'now'], {
      ...env,
      DATA_DIR: dataDir,
      PRIVATE_PORT: `${privatePort}`,
    }),
  ).toMatchObject({ exitCode: 0 });
  // What no backup has.
  await hit();
  await app.end('SIGKILL');

  lose();
  const denied = { ...env, AWS_SECRET_ACCESS_KEY: 'another one' };
  await using stranger = new AppProcess({ dataDir, port, privatePort, env: denied });
  await expect(stranger.start()).rejects.toThrow('Not starting empty');
  expect(await stranger.end('SIGKILL')).toBe(75);
  expect(existsSync(join(dataDir, 'links.db'))).toBe(false);

  for (const isThere of ['restore.new', 'restore.new/links.db.unproven']) {
    const started = app.start().catch(() => undefined);
    await until(() => existsSync(join(dataDir, isThere)) || existsSync(join(dataDir, 'links.db')), {
      what: 'a restore has begun',
      timeoutMs: 30_000,
    });
    await app.end('SIGKILL');
    await started;
  }
  await app.start();
  expect(app.log).toContain('restored files are in place');
  await until(async () => (await readUnconfirmed(app.privateUrl)) === 0, {
    what: 'all clicks are counted again',
    timeoutMs: 30_000,
  });
  expect(ledger.findMistakes(await readClickCounts(app.url))).toEqual([]);
  expect(ledger.refused).toEqual(new Map());
  await app.end('SIGTERM');

  // With links nobody asks.
  await s3.kill();
  await app.start();
  expect(ledger.findMistakes(await readClickCounts(app.url))).toEqual([]);
});
