import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LocalCluster } from '../../scripts/cluster/cluster.ts';
import type { NodeProcess, NodeVariant } from '../../scripts/cluster/node-process.ts';
import { projectDir } from '../../scripts/cluster/programs.ts';
import { until } from '../../scripts/cluster/until.ts';
import { startTestCluster } from '../support/cluster.ts';
import {
  allCaughtUp,
  createLink,
  edgeOf,
  primaryOf,
  redirectOf,
  statusOf,
  untilWriteLands,
} from '../support/cluster-client.ts';
import { copyProject } from '../support/project-copy.ts';
import { readLedger } from '../support/read-ledger.ts';
import { follow } from '../support/send.ts';

const roleMs = 40_000;
const released = readdirSync(join(projectDir, 'migrations/links')).filter((name) =>
  /^\d/.test(name),
);

/** What a node runs at its next start, where that is not this tree. */
const variants = new Map<string, NodeVariant>();
let cluster: LocalCluster;
beforeAll(async () => {
  cluster = await startTestCluster({ variant: ({ id }) => variants.get(id) ?? {} });
});
afterAll(() => cluster?.[Symbol.asyncDispose]());

test('two candidates that boot at once on empty volumes migrate once', async () => {
  await allCaughtUp(cluster);
  const { migrations, epochs } = await readLedger(await primaryOf(cluster));
  expect(migrations.map(({ file }) => file)).toEqual(released);
  expect(new Set(migrations.map(({ node }) => node)).size).toBe(1);
  expect(epochs.map(({ epoch }) => epoch)).toEqual(epochs.map((_, index) => index + 1));
});

test('a migration that fails leaves the old primary serving, and says which file and statement', async () => {
  using broken = copyProject();
  const file = broken.addNextMigration(
    'broken',
    '-- migrate:up\nCREATE TABLE fine (id INTEGER PRIMARY KEY) STRICT;\nINSERT INTO links_of_old VALUES (1);\n\n-- migrate:down\nDROP TABLE fine;\n',
  );
  const old = await primaryOf(cluster);
  const other = cluster.node(old.id === 'ams1' ? 'ams2' : 'ams1');
  const { epoch } = await statusOf(old);
  variants.set(other.id, { projectDir: broken.dir });
  await other.stop();
  await cluster.startNode(other.id);
  expect(await createLink(cluster, edgeOf(cluster, 'iad'), 'beside-broken')).toMatchObject({
    status: 201,
  });

  // It asks for the lease, its migration fails, and it gives the lease back.
  await until(() => !other.isRunning, {
    what: `${other.id} has ended, since it cannot serve as primary`,
    timeoutMs: roleMs,
  });
  const log = other.lastLogLines();
  expect(log).toContain(file);
  expect(log).toContain('INSERT INTO links_of_old');

  expect(await nextPrimary((node) => node === old)).toBe(old);
  expect(await follow(old.url, 'beside-broken')).toBe(redirectOf('beside-broken'));
  await untilWriteLands(cluster, edgeOf(cluster, 'syd'), 'after-broken');
  const { migrations, epochs } = await readLedger(old);
  expect(migrations.map((row) => row.file)).not.toContain(file);
  expect(epochs.filter((row) => row.epoch > (epoch ?? 0)).map(({ node }) => node)).toEqual([
    old.id,
  ]);

  // As the platform does with a machine that has ended: it comes back, and asks no more.
  await cluster.startNode(other.id);
  await until(() => readFileSync(other.logFile, 'utf8').includes('does not ask for the lease'), {
    what: `${other.id} says that it asks no more`,
    timeoutMs: roleMs,
  });
  await untilWriteLands(cluster, edgeOf(cluster, 'syd'), 'beside-failed');
  expect((await readLedger(old)).epochs.at(-1)).toEqual(epochs.at(-1));

  // As after a deployment that was taken back.
  await rollOut([other.id], projectDir);
  await allCaughtUp(cluster);
});

test('two candidates that boot at once with a new migration apply it once', async () => {
  const old = await untilWriteLands(cluster, edgeOf(cluster, 'ams'), 'old-schema');
  await allCaughtUp(cluster);
  using next = copyProject();
  next.addMigration(
    '9001_next.sql',
    '-- migrate:up\nCREATE TABLE next_version (id INTEGER PRIMARY KEY) STRICT;\n\n-- migrate:down\nDROP TABLE next_version;\n',
  );
  await rollOut(['ams1', 'ams2'], next.dir);
  const primary = await nextPrimary(() => true);
  await allCaughtUp(cluster);

  const { migrations } = await readLedger(primary);
  expect(migrations.map(({ file }) => file)).toEqual([...released, '9001_next.sql']);
  // Nodes with the old program redirect on the new schema, and new links reach them.
  const made = await untilWriteLands(cluster, edgeOf(cluster, 'syd'), 'new-schema');
  for (const { url } of cluster.nodes) {
    expect(await follow(url, old)).toBe(redirectOf(old));
    expect(await follow(url, made)).toBe(redirectOf(made));
  }
  await rollOut(['ams1', 'ams2'], projectDir);
  await nextPrimary(() => true);
});

/** Restarts nodes, all at the same moment, with the program in a folder. */
async function rollOut(ids: readonly string[], dir: string): Promise<void> {
  for (const id of ids) variants.set(id, { projectDir: dir });
  await Promise.all(ids.map((id) => cluster.node(id).stop()));
  await Promise.all(ids.map((id) => cluster.startNode(id)));
  await Promise.all(ids.map((id) => cluster.waitUntilRouted(id)));
}

/** Waits until a node that fits holds the lease and takes writes. */
async function nextPrimary(fits: (node: NodeProcess) => boolean): Promise<NodeProcess> {
  const primary = await until(
    async () => {
      const holder = await cluster.findPrimary();
      return holder !== undefined && fits(holder) ? holder : undefined;
    },
    { what: 'there is a primary', timeoutMs: roleMs },
  );
  await untilWriteLands(cluster, primary.url, `try-${primary.id}-${performance.now().toFixed()}`);
  return primary;
}
