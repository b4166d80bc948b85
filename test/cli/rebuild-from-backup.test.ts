import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import Database from 'better-sqlite3';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SmallDisk } from '../../scripts/faults/world/small-disk.ts';
import { openBackupStore } from '../../src/app/backup-stores.ts';
import type { BackupStore } from '../../src/backup/backup-store.ts';
import { signDocument } from '../../src/backup/signed-document.ts';
import { readConfig } from '../../src/config.ts';
import { addLinks, packInto, SampleDatabases } from '../support/backup-store.ts';
import { crashDuring } from '../support/crashing-disk.ts';
import { type FakeConsul, startFakeConsul } from '../support/fake-consul.ts';
import { type ListeningServer, listen } from '../support/listen.ts';
import { runHere } from '../support/run-command-line.ts';
import { TestFolder } from '../support/test-database.ts';

const clusterId = 'LFSC0123456789ABCDEF';
const key = 'hoplite/fleet/1';
const samples = new SampleDatabases(50);
afterAll(() => samples[Symbol.dispose]());

let folder: TestFolder;
let consul: FakeConsul;
let peer: ListeningServer;
/** Whether the other node says that it has links. */
let hasPeerLinks: () => boolean;
let env: Record<string, string>;
let store: BackupStore;
beforeEach(async () => {
  folder = new TestFolder();
  consul = await startFakeConsul();
  hasPeerLinks = () => false;
  peer = await listen((_, response) => {
    const position = hasPeerLinks()
      ? { txid: '000000000000000a', checksum: '00000000000000ff' }
      : null;
    response.end(JSON.stringify({ node: 'b', role: 'joining', position, epoch: null }));
  });
  mkdirSync(folder.file('bucket'));
  env = {
    NODE_ID: 'a',
    LITEFS_DIR: folder.file('mount'),
    LITEFS_URL: 'http://127.0.0.1:1',
    LITEFS_DATA_DIR: folder.file('litefs'),
    LITEFS_CANDIDATE: 'true',
    DATA_DIR: folder.file('own'),
    FLEET_SECRET: 'a secret of the fleet and long enough',
    PEER_URL: `b=http://127.0.0.1:${peer.port}`,
    CONSUL_URL: consul.url,
    BACKUP_URL: `file://${folder.file('bucket')}`,
    BACKUP_KEY: 'a key of this test and long enough for all',
  };
  const { backup } = readConfig(env);
  if (backup === undefined) throw new Error('no backups');
  store = openBackupStore(backup);
});
afterEach(async () => {
  await consul[Symbol.asyncDispose]();
  await peer[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

/** Puts a backup into the bucket, with so many links more than the sample; gives its name. */
async function backUp(more: number, id: string | null = clusterId): Promise<string> {
  const links = samples.copy('links', folder, (database) => {
    if (more > 0) addLinks(database, 51, 50 + more);
  });
  const files = { links, clicks: samples.copy('clicks', folder) };
  return (await packInto(store, files, { clusterId: id })).name;
}

const manifestOf = (name: string) => folder.file(`bucket/backups/${name}.json`);
const rebuild = (...args: readonly string[]) => runHere(['rebuild', ...args], env);
const find = async () => {
  const { stdout } = await runHere(['backup', 'find', '--json'], env);
  return JSON.parse(stdout) as object;
};
const made = () => ({
  id: existsSync(folder.file('litefs/clusterid'))
    ? readFileSync(folder.file('litefs/clusterid'), 'utf8').trim()
    : undefined,
  own: namesIn('own').flatMap((name) => (name === 'backup' ? namesIn('own/backup') : [name])),
});
/** Without locks, which stay. */
const namesIn = (path: string) =>
  existsSync(folder.file(path))
    ? readdirSync(folder.file(path)).filter((name) => name !== 'lock')
    : [];
const untouched = { id: undefined, own: [] };

/** Of the files that wait to be imported: links, and the newest epoch. */
function staged(): unknown[] {
  const database = new Database(folder.file('own/restore/links.db'), { readonly: true });
  const row = database.prepare(
    'SELECT (SELECT count(*) FROM links), (SELECT max(epoch) FROM epochs)',
  );
  const found = row.raw().get() as unknown[];
  const mode = database.pragma('journal_mode', { simple: true });
  database.close();
  return [...found, mode, ...readdirSync(folder.file('own/restore')).sort()];
}

describe('rebuild from the backup', () => {
  test('gives the newest links and the cluster id that they had, above all epochs of the lost fleet', async () => {
    await backUp(1);
    const name = await backUp(2);
    consul.keys.set(`${key}/mark`, { value: '{"epoch":9,"txid":"000000000000000a","node":"b"}' });
    expect(await find()).toEqual({
      is: 'there',
      name: `the backup ${name} (52 links)`,
      clusterId,
    });
    expect(await rebuild('--from-backup', '--yes')).toMatchObject({
      exitCode: 0,
      stderr: expect.stringContaining(`This node is of the cluster ${clusterId} now.`),
    });
    expect(made()).toEqual({ id: clusterId, own: ['restore'] });
    expect(staged()).toEqual([52, 9, 'delete', 'clicks.db', 'links.db']);
    expect(consul.keys.has(`${key}/mark`)).toBe(false);
  });

  test('passes over a damaged one, and says so', async () => {
    await backUp(1);
    const name = await backUp(2);
    writeFileSync(
      manifestOf(name),
      readFileSync(manifestOf(name), 'utf8').replace('"links":52', '"links":53'),
    );
    expect(await find()).toMatchObject({
      is: 'there',
      passedOver: expect.stringContaining(`NOT the newest one: the backup ${name}`),
    });
    const { exitCode, stderr } = await rebuild('--from-backup', '--yes');
    expect(stderr).toContain(`NOT the newest backup: the backup ${name}`);
    expect(exitCode).toBe(0);
    expect(staged()[0]).toBe(51);
  });

  test('changes nothing and ends with 65 when none verifies', async () => {
    writeFileSync(manifestOf(await backUp(1)), '{}');
    expect(await find()).toMatchObject({ is: 'damaged', name: `in ${env.BACKUP_URL}` });
    const found = await runHere(['backup', 'find'], env);
    expect(found.stdout).toMatch(/^none of the backups in \S+ can be restored: the backup \S+ is /);
    expect(await rebuild('--from-backup', '--yes')).toMatchObject({
      exitCode: 65,
      stderr: expect.stringContaining('can be restored'),
    });
    expect(made()).toEqual(untouched);
  });

  test('passes over none of a newer release: it changes nothing, ends with 65, and names both', async () => {
    await backUp(1);
    const { name, manifest } = await packInto(
      { ...store, release: '99.0.0' },
      { links: samples.copy('links', folder) },
      { clusterId },
    );
    writeFileSync(manifestOf(name), signDocument({ ...manifest, format: 2 }, store.keys));
    const why = `the backup ${name} was made by Hoplite 99.0.0, in format 2; this is ${store.release}`;
    expect(await find()).toMatchObject({ is: 'damaged', why: expect.stringContaining(why) });
    expect(await rebuild('--from-backup', '--yes')).toMatchObject({
      exitCode: 65,
      stderr: expect.stringContaining(why),
    });
    expect(made()).toEqual(untouched);
  });

  test('changes nothing and ends with 75 when the bucket cannot be asked', async () => {
    rmSync(folder.file('bucket'), { recursive: true });
    expect(await find()).toMatchObject({ is: 'unreachable', name: `in ${env.BACKUP_URL}` });
    expect(await rebuild('--from-backup', '--yes')).toMatchObject({ exitCode: 75 });
    expect(made()).toEqual(untouched);
  });

  test('changes nothing and ends with 75 when the disk has no room for it', async () => {
    await backUp(1);
    await using disk = await SmallDisk.mount(folder.file('own'), 4);
    await disk.fill(200_000);
    expect(await rebuild('--from-backup', '--yes')).toMatchObject({
      exitCode: 75,
      stderr: expect.stringMatching(/^the disk of .* has 1 MiB free, and a copy needs/),
    });
    expect(made()).toEqual({ id: undefined, own: ['ballast'] });
    await disk.free();
    expect(await rebuild('--from-backup', '--yes')).toMatchObject({ exitCode: 0 });
    expect(staged()[0]).toBe(51);
  });

  test('changes nothing where there is no backup', async () => {
    expect(await find()).toEqual({ is: 'none', name: `in ${env.BACKUP_URL}` });
    expect(await rebuild('--from-backup', '--yes')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('there is no backup in'),
    });
    expect(made()).toEqual(untouched);
  });

  test('changes nothing when a node comes back that has links, while the backup is fetched', async () => {
    await backUp(1);
    let asked = 0;
    hasPeerLinks = () => ++asked > 1;
    expect(await rebuild('--from-backup', '--yes')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('b has the links'),
    });
    expect(made()).toEqual(untouched);
  });

  test('changes nothing with the backup of another cluster', async () => {
    await backUp(1, 'LFSCFEDCBA9876543210');
    consul.keys.set(`${key}/clusterid`, { value: clusterId });
    expect(await rebuild('--from-backup', '--yes')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining(
        `the backup is of the cluster LFSCFEDCBA9876543210, not of ${clusterId}`,
      ),
    });
    expect(made()).toEqual(untouched);
  });

  test('takes that of a machine alone, under the id of Consul', async () => {
    await backUp(1, null);
    consul.keys.set(`${key}/clusterid`, { value: clusterId });
    expect(await rebuild('--from-backup', '--yes')).toMatchObject({ exitCode: 0 });
    expect(made().id).toBe(clusterId);
  });

  test('is not forgotten: without it, or a file, it has to be said that the fleet starts empty', async () => {
    expect(await rebuild('--yes')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('say --from-backup, --links or --empty'),
    });
    expect(made()).toEqual(untouched);
    expect(await rebuild('--empty', '--from-backup', '--yes')).toMatchObject({ exitCode: 1 });
    expect(await rebuild('--empty', '--yes')).toMatchObject({ exitCode: 0 });
    expect(readdirSync(folder.file('own/restore'))).toEqual(['starts-empty']);
  });

  test('boots again and ends right after a power cut before any change of the disk', async () => {
    await backUp(1);
    const run = async () => {
      const { exitCode, stderr } = await rebuild('--from-backup', '--yes');
      if (exitCode !== 0) throw new Error(stderr);
    };
    const forget = () => {
      for (const name of ['own', 'litefs'])
        rmSync(folder.file(name), { recursive: true, force: true });
    };
    const { changes } = await crashDuring(run);
    expect(changes).toBeGreaterThan(15);
    for (let crashBefore = 1; crashBefore <= changes; crashBefore += 1) {
      forget();
      await crashDuring(run, crashBefore);
      // The id comes last: with it the guard starts LiteFS, which imports what is there.
      if (made().id !== undefined) expect(staged()[0]).toBe(51);
      await run();
      expect(made(), `after change ${crashBefore}`).toEqual({ id: clusterId, own: ['restore'] });
      expect(staged()).toEqual([51, 7, 'delete', 'clicks.db', 'links.db']);
    }
  });
});
