import { execFileSync } from 'node:child_process';
import { chmodSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { BackupKeys } from '../../src/backup/backup-keys.ts';
import { signDocument } from '../../src/backup/signed-document.ts';
import { observeBucket } from '../../src/cli/doctor/observe/bucket.ts';
import { observeConsul } from '../../src/cli/doctor/observe/consul.ts';
import { observeDisks } from '../../src/cli/doctor/observe/disks.ts';
import { observeFolder } from '../../src/cli/doctor/observe/folder.ts';
import { observeLiteFs } from '../../src/cli/doctor/observe/litefs.ts';
import { observeMount, readMount } from '../../src/cli/doctor/observe/mount.ts';
import { observeNodeStatus } from '../../src/cli/doctor/observe/node-status.ts';
import { observePeers } from '../../src/cli/doctor/observe/peers.ts';
import { readConfig } from '../../src/config.ts';
import { eventually } from '../support/eventually.ts';
import { FakeMount, positionAt } from '../support/fake-mount.ts';
import { findFreePort } from '../support/free-port.ts';
import { FrozenServer } from '../support/frozen-server.ts';
import { listen } from '../support/listen.ts';
import { TestFolder } from '../support/test-database.ts';

const answering = (status: number, body: string, headers: Record<string, string> = {}) =>
  listen((_, response) => response.writeHead(status, headers).end(body));
const urlOf = ({ port }: { readonly port: number }) => `http://127.0.0.1:${port}`;

describe('a place of backups', () => {
  const at = (path: string) =>
    observeBucket(readConfig({ BACKUP_URL: `file://${path}`, BACKUP_KEY: 'k'.repeat(32) }));

  test('answers, does not, or is not set up', async () => {
    using folder = new TestFolder();
    const answering = { is: 'answering', name: `file://${folder.path}`, clockOffsetMs: 0 };
    expect(await at(folder.path)).toMatchObject({
      ...answering,
      clockOffsetMs: expect.any(Number),
    });
    expect(await at(folder.file('gone'))).toMatchObject({
      is: 'failing',
      why: expect.stringContaining('mend BACKUP_URL'),
    });
    mkdirSync(folder.file('backups'));
    const name = '2026-11-30T08-05-57.480Z-ams1-b753e078';
    const signed = signDocument({}, new BackupKeys(['another key']));
    writeFileSync(folder.file(`backups/${name}.json`), signed);
    expect(await at(folder.path)).toMatchObject({
      is: 'failing',
      why: expect.stringMatching(
        new RegExp(
          `^the backup ${name} is signed with the key \\w+, which BACKUP_KEY does not hold`,
        ),
      ),
    });
    expect(await observeBucket(readConfig({}))).toBeUndefined();
  });
});

describe('a folder', () => {
  test('is there, can be made, or cannot', async () => {
    using folder = new TestFolder();
    expect(await observeFolder(folder.path)).toMatchObject({ exists: true, problem: undefined });
    expect(await observeFolder(folder.file('a/b/c'))).toMatchObject({
      exists: false,
      problem: undefined,
    });
    writeFileSync(folder.file('file'), '');
    expect(await observeFolder(folder.file('file'))).toMatchObject({ problem: 'ENOTDIR' });
    expect(await observeFolder(folder.file('file/below'))).toMatchObject({ problem: 'ENOTDIR' });
    expect(await observeFolder('/proc/hoplite')).toMatchObject({ exists: false });
  });

  test('that belongs to somebody else is told from one that is ours', async () => {
    using folder = new TestFolder();
    mkdirSync(folder.file('locked'));
    chmodSync(folder.file('locked'), 0o555);
    const { problem } = await observeFolder(folder.file('locked'));
    // Root may write everywhere.
    expect(problem).toBe(process.getuid?.() === 0 ? undefined : 'EACCES');
  });
});

test('disks are those of the folders that are there', async () => {
  using folder = new TestFolder();
  const disks = await observeDisks([folder.path, undefined, folder.file('absent')]);
  expect(disks.map(({ path }) => path)).toEqual([folder.path]);
  const printed = execFileSync('df', ['-k', '--output=size', folder.path], { encoding: 'utf8' });
  expect(disks[0]?.totalBytes).toBe(Number(printed.split('\n')[1]) * 1024);
  expect(disks[0]?.freeBytes).toBeGreaterThan(0);
});

/** The processes that have a folder among their arguments. */
function findReaders(folder: string): string[] {
  return globSync('/proc/[0-9]*/cmdline').filter((file) => {
    try {
      return readFileSync(file, 'utf8').split('\0').includes(folder);
    } catch {
      // Ended meanwhile.
      return false;
    }
  });
}

describe('a mount', () => {
  test('gives the position of the database, and none while there is no database', async () => {
    using mount = new FakeMount();
    expect(await readMount(mount.directory, 30_000)).toEqual({ is: 'readable' });
    mount.setPosition(positionAt(7));
    expect(await readMount(mount.directory, 30_000)).toEqual({
      is: 'readable',
      position: positionAt(7),
    });
  });

  test('that is dead gives the code that says so', async () => {
    using mount = new FakeMount();
    mount.die();
    expect(await readMount(mount.directory, 30_000)).toEqual({ is: 'failed', code: 'ENODEV' });
    expect(await readMount(join(mount.directory, 'absent'), 30_000)).toEqual({
      is: 'failed',
      code: 'ENOENT',
    });
  });

  test('that hangs holds nobody up', async () => {
    using mount = new FakeMount();
    // Opening a pipe waits until somebody writes to it.
    execFileSync('mkfifo', [join(mount.directory, 'links.db-pos')]);
    expect(await readMount(mount.directory, 500)).toEqual({ is: 'hanging' });
    // Nor does the process stay that reads it.
    await eventually(() => expect(findReaders(mount.directory)).toEqual([]));
  });

  test('that is not there is not read', async () => {
    using mount = new FakeMount();
    mount.die();
    expect(await observeMount(mount.directory)).toEqual({
      folder: mount.directory,
      entry: undefined,
      reading: undefined,
    });
    expect(await observeMount('/nowhere/at/all')).toMatchObject({ entry: undefined });
    expect(await observeMount('/proc')).toMatchObject({ entry: { type: 'proc' } });
  });
});

describe('LiteFS', () => {
  const info = { isPrimary: false, candidate: true, path: '/data', clusterID: 'LFSC1' };

  test('says who is primary and whether this node may be', async () => {
    await using server = await answering(
      200,
      JSON.stringify({ ...info, primary: { hostname: 'ams1' } }),
    );
    expect(await observeLiteFs(urlOf(server))).toEqual({
      is: 'answering',
      url: urlOf(server),
      isPrimary: false,
      isCandidate: true,
      hostname: 'ams1',
      dataDir: '/data',
    });
  });

  test('knows no primary when it names none', async () => {
    for (const primary of [undefined, {}, { hostname: '' }]) {
      await using server = await answering(200, JSON.stringify({ ...info, primary }));
      expect(await observeLiteFs(urlOf(server))).toMatchObject({ hostname: undefined });
    }
  });

  test.each([
    [500, '', 'it answered 500'],
    [200, '<h1>', 'what answers there is not LiteFS'],
    [200, '{}', 'what answers there is not LiteFS'],
  ])('is silent with %i %s', async (status, body, why) => {
    await using server = await answering(status, body);
    expect(await observeLiteFs(urlOf(server))).toMatchObject({ is: 'silent', why });
  });

  test('is silent when nobody listens, and when it hangs', async () => {
    const url = `http://127.0.0.1:${await findFreePort()}`;
    expect(await observeLiteFs(url)).toMatchObject({ why: 'nobody listens there' });
    await using frozen = await FrozenServer.start();
    expect(await observeLiteFs(frozen.url)).toMatchObject({ why: 'no answer within 2 s' });
  });
});

describe('Consul', () => {
  test('is asked for its leader, with the token in a header', async () => {
    const asked: unknown[] = [];
    await using server = await listen((request, response) => {
      asked.push([request.url, request.headers['x-consul-token']]);
      response.end('"10.0.0.9:8300"\n');
    });
    const origin = urlOf(server);
    const facts = { is: 'answering', origin, status: 200, hasLeader: true };
    expect(await observeConsul({ CONSUL_URL: origin })).toEqual(facts);
    const withToken = `http://:s3cret-token@127.0.0.1:${server.port}/prefix/`;
    expect(await observeConsul({ CONSUL_URL: '', FLY_CONSUL_URL: withToken })).toEqual(facts);
    expect(asked).toEqual([
      ['/v1/status/leader', undefined],
      ['/v1/status/leader', 's3cret-token'],
    ]);
  });

  test('has no leader while the servers elect one', async () => {
    await using server = await answering(200, '""');
    expect(await observeConsul({ CONSUL_URL: urlOf(server) })).toMatchObject({ hasLeader: false });
  });

  test('is unset, no URL, or silent, and never shows its token', async () => {
    expect(await observeConsul({ FLY_CONSUL_URL: '' })).toEqual({ is: 'unset' });
    const port = await findFreePort();
    for (const CONSUL_URL of [
      's3cret',
      'ftp://:s3cret@127.0.0.1',
      'http://:s3cret%0A@127.0.0.1',
      `http://:s3cret@127.0.0.1:${port}`,
      'https://:s3cret@consul.invalid/prefix',
    ]) {
      const facts = await observeConsul({ CONSUL_URL });
      expect(facts.is).not.toBe('answering');
      expect(JSON.stringify(facts)).not.toContain('s3cret');
    }
  });
});

describe('other nodes', () => {
  const status = { node: 'ams1', role: 'primary', version: '1', lagMs: 0, position: null };

  test('tell their status and their time', async () => {
    const ahead = new Date(Date.now() + 3_600_000).toUTCString();
    await using server = await answering(200, JSON.stringify(status), { Date: ahead });
    const facts = await observeNodeStatus(urlOf(server));
    expect(facts).toMatchObject({ is: 'answering', status });
    const offsetMs = facts.is === 'answering' ? (facts.clockOffsetMs ?? 0) : 0;
    expect(Math.abs(offsetMs - 3_600_000)).toBeLessThan(60_000);
  });

  test('are silent when something else answers', async () => {
    await using server = await answering(200, '{}');
    expect(await observeNodeStatus(urlOf(server))).toEqual({
      is: 'silent',
      why: 'what answers there is not a private port of Hoplite',
    });
  });

  test('are those of the list and the primary, without this one', async () => {
    await using server = await answering(200, JSON.stringify(status));
    const url = urlOf(server);
    const list = `ams1=${url},me=${url}`;
    const peers = await observePeers('me', list, 'ams9');
    expect(peers).toMatchObject({
      is: 'asked',
      primary: 'ams9',
      nodes: [
        { node: 'ams1', url, status: { is: 'answering' } },
        { node: 'ams9', url: undefined, status: { why: 'PEER_URL does not name it' } },
      ],
    });
  });

  test('are the primary alone where a template says where they are', async () => {
    await using server = await answering(200, JSON.stringify(status));
    const template = `http://{node}:${server.port}`;
    expect(await observePeers('me', template, undefined)).toMatchObject({ nodes: [] });
    expect(await observePeers('me', template, 'localhost')).toMatchObject({
      nodes: [{ node: 'localhost', status: { is: 'answering' } }],
    });
  });

  test('cannot be asked with a PEER_URL that is neither', async () => {
    expect(await observePeers('me', 'ams1', undefined)).toMatchObject({
      is: 'unparsable',
      why: expect.stringContaining('PEER_URL: "ams1" is neither'),
    });
  });
});
