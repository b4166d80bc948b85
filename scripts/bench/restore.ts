// `npm run bench:restore`: from empty volumes and a backup to the first redirect. See docs/performance.md, "A restore".
//
// Makes links and backs them up into a folder, then starts one machine alone and a fleet of three on empty volumes, on all cores
// that this machine has. From a folder there is no download to speak of. With --links N another number, by default a million.

import { mkdirSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import Database from 'better-sqlite3';
import { openBackupStore } from '../../src/app/backup-stores.ts';
import { packSnapshot } from '../../src/backup/pack-snapshot.ts';
import { findPrevious } from '../../src/backup/previous-backups.ts';
import { readConfig } from '../../src/config.ts';
import { inspectDatabase } from '../../src/storage/inspect-database.ts';
import { AppProcess } from '../../test/support/app-process.ts';
import { findFreePort } from '../../test/support/free-port.ts';
import { LocalCluster } from '../cluster/cluster.ts';
import { layOut } from '../cluster/table.ts';
import { until } from '../cluster/until.ts';
import { makeLinks } from './links.ts';
import { openBench } from './open-bench.ts';
import { slugOf } from './slugs.ts';

const { values: options } = parseArgs({
  options: { links: { type: 'string', default: '1000000' } },
});
const links = Number(options.links);
const patienceMs = 300_000;

const bench = openBench('restore');
const { folder, stop, now } = bench;
const backups = {
  BACKUP_URL: `file://${join(folder, 'bucket')}`,
  BACKUP_KEY: 'a key of this benchmark alone and of no use',
};
await bench.run(async () => {
  const bytes = await backUp();
  const alone = await timeAlone();
  const fleet = await timeFleet();
  const toRow = (name: string, ms: number) => [name, (ms / 1000).toFixed(1)];
  const rows = [
    ['first redirect of', 's'],
    toRow('a machine alone', alone),
    toRow('all nodes of a fleet', fleet),
  ];
  console.log(layOut(rows).join('\n'));
  const size = `${links} links, ${(bytes / 2 ** 20).toFixed(0)} MiB`;
  console.log(`${size}; ${availableParallelism()} cores, load ${loadavg()[0]?.toFixed(1)}`);
});

/** Gives the size of the databases, bytes. */
async function backUp(): Promise<number> {
  const made = join(folder, 'made');
  mkdirSync(made);
  mkdirSync(join(folder, 'bucket'));
  makeLinks(made, links);
  const { backup } = readConfig(backups);
  if (backup === undefined) throw new Error('no place for backups');
  const store = openBackupStore(backup);
  const copy = (name: string) => {
    const file = join(folder, name);
    const database = new Database(join(made, name));
    database.prepare('VACUUM INTO ?').run(file);
    database.close();
    return { file, takenAtMs: Date.now(), position: null, facts: inspectDatabase(file) };
  };
  const { manifest } = await packSnapshot(store, {
    files: { links: copy('links.db'), clicks: copy('clicks.db') },
    node: 'bench',
    clusterId: null,
    previous: await findPrevious(store),
  });
  return manifest.databases.links.bytes + (manifest.databases.clicks?.bytes ?? 0);
}

async function timeAlone(): Promise<number> {
  const dataDir = join(folder, 'alone');
  mkdirSync(dataDir);
  const [port, privatePort] = [await findFreePort(), await findFreePort()];
  await using app = new AppProcess({ dataDir, port, privatePort, env: backups });
  const startedMs = performance.now();
  await app.start({ timeoutMs: patienceMs });
  await untilRedirects(app.url);
  return performance.now() - startedMs;
}

/** Until all nodes redirect, of which two have restored the backup at once, and one has got the links from whoever leads. */
async function timeFleet(): Promise<number> {
  const startedMs = performance.now();
  await using cluster = await LocalCluster.start({
    dir: join(folder, 'cluster'),
    signal: stop,
    now,
    readyTimeoutMs: patienceMs,
    variant: () => ({ env: () => backups }),
  });
  for (const { url } of cluster.nodes) await untilRedirects(url);
  return performance.now() - startedMs;
}

async function untilRedirects(url: string): Promise<void> {
  const slug = slugOf(links - 1);
  await until(
    async () => {
      const answer = await fetch(`${url}/${slug}`, { redirect: 'manual' }).catch(() => undefined);
      return answer?.status === 302;
    },
    { what: 'the last link redirects', timeoutMs: patienceMs, signal: stop },
  );
}
