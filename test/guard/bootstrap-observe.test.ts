import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { observeConsul } from '../../src/guard/bootstrap/observe-consul.ts';
import { observePeers } from '../../src/guard/bootstrap/observe-peers.ts';
import { observeVolume } from '../../src/guard/bootstrap/observe-volume.ts';
import { readBootstrapSettings } from '../../src/guard/bootstrap/settings.ts';
import { serveWaitingStatus } from '../../src/guard/bootstrap/waiting-status.ts';
import { type FakeConsul, startFakeConsul } from '../support/fake-consul.ts';
import { FrozenServer } from '../support/frozen-server.ts';
import { type ListeningServer, listen } from '../support/listen.ts';

const clusterId = 'LFSC0123456789ABCDEF';
const sqlite = 'SQLite format 3\0'.padEnd(4096, 'x');
const ltx = 'LTX1'.padEnd(200, 'x');

describe('the volume', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'hoplite-volume-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const observe = () => observeVolume(join(folder, 'litefs'), join(folder, 'own/restore'));
  const put = (path: string, content = '') => {
    mkdirSync(join(folder, path, '..'), { recursive: true });
    writeFileSync(join(folder, path), content);
  };
  const empty = { clusterId: undefined, databases: [], awaitsRestore: false };

  test('is empty while there is no folder', () => {
    expect(observe()).toEqual({ dir: join(folder, 'litefs'), ...empty });
  });

  test('has a database once that has a whole transaction', () => {
    put('litefs/dbs/links.db/database');
    put('litefs/dbs/links.db/ltx/0000000000000001-0000000000000001.ltx.tmp');
    expect(observe()).toMatchObject(empty);
    put('litefs/dbs/links.db/ltx/0000000000000001-0000000000000001.ltx', ltx);
    expect(observe()).toMatchObject({ databases: ['links.db'], damage: undefined });
  });

  test.each<[name: string, database: string | undefined, transaction: string, says?: string]>([
    ['whole', sqlite, ltx],
    ['not written yet, after a snapshot came', undefined, ltx],
    ['begun, after a snapshot came', '', ltx],
    [
      'cut off in its header',
      sqlite.slice(0, 99),
      ltx,
      'database (99 bytes) is no SQLite database',
    ],
    ['full of zeros', '\0'.repeat(4096), ltx, 'database (4096 bytes) is no SQLite database'],
    ['whole, with an empty newest transaction', sqlite, '', 'b.ltx (0 bytes) is no transaction'],
    ['whole, with a torn one', sqlite, ltx.slice(0, 115), 'b.ltx (115 bytes) is no transaction'],
    ['whole, with zeros in place of one', sqlite, '\0'.repeat(200), 'is no transaction'],
  ])('has a database that LiteFS can use, or says why not: %s', (_, database, newest, says) => {
    for (const name of ['links.db', 'clicks.db']) {
      put(`litefs/dbs/${name}/ltx/0000000000000001-000000000000000a.ltx`, ltx);
      if (database !== undefined) put(`litefs/dbs/${name}/database`, sqlite);
    }
    expect(observe().damage).toBeUndefined();
    put('litefs/dbs/links.db/ltx/0000000000000009-000000000000000b.ltx', newest);
    if (database !== undefined) put('litefs/dbs/links.db/database', database);
    if (says === undefined) expect(observe().damage).toBeUndefined();
    else expect(observe().damage).toContain(says);
    expect(observe().databases.toSorted()).toEqual(['clicks.db', 'links.db']);
  });

  test('says what the file of its cluster id holds, whatever that is', () => {
    put('litefs/clusterid', `${clusterId}\n`);
    expect(observe()).toMatchObject({ clusterId });
    put('litefs/clusterid');
    expect(observe()).toMatchObject({ clusterId: '' });
  });

  test('says whether files wait to be imported, but not those that are still being copied', () => {
    put('own/restore.new/links.db');
    expect(observe()).toMatchObject(empty);
    put('own/restore/links.db');
    expect(observe()).toMatchObject({ awaitsRestore: true });
  });

  test('says whether a person wants no links, and takes what is left of a removed folder for nothing', () => {
    put('own/restore/clicks.db');
    expect(observe()).toMatchObject(empty);
    put('own/restore/starts-empty');
    expect(observe()).toMatchObject({ awaitsRestore: true });
  });
});

describe('Consul', () => {
  let consul: FakeConsul;
  beforeEach(async () => {
    consul = await startFakeConsul();
  });
  afterEach(() => consul[Symbol.asyncDispose]());

  const observe = (origin = consul.url) =>
    observeConsul({ origin, token: 'secret', key: 'fly/hoplite/1' }, 'a');
  const nothing = { clusterId: undefined, holder: undefined, markEpoch: undefined };

  test('knows nothing at first', async () => {
    expect(await observe()).toEqual({
      facts: { is: 'answering', key: 'fly/hoplite/1', ...nothing },
      candidates: [],
    });
    expect(consul.tokens).toEqual(['secret']);
  });

  test('tells the id, the mark and the candidates, and nothing of another fleet', async () => {
    consul.keys.set('fly/hoplite/1/clusterid', { value: clusterId });
    consul.keys.set('fly/hoplite/1/mark', { value: '{"epoch":7,"txid":"00","node":"b"}' });
    consul.keys.set('fly/hoplite/1/candidates/1', { value: '{"node":"b"}', session: 's' });
    consul.keys.set('fly/hoplite/1/candidates/2', { value: 'rubbish' });
    consul.keys.set('fly/hoplite/10/clusterid', { value: 'LFSC9999999999999999' });
    expect(await observe()).toMatchObject({
      facts: { ...nothing, clusterId, markEpoch: 7 },
      candidates: ['b'],
    });
    consul.keys.delete('fly/hoplite/1/clusterid');
    consul.keys.set('fly/hoplite/1/mark', { value: 'rubbish' });
    expect(await observe()).toMatchObject({ facts: { ...nothing, markEpoch: 0 } });
  });

  test('names who holds the lease only while its LiteFS leads, and it is not this node', async () => {
    let leads = true;
    await using litefs = await listen((_, response) => {
      response.end(JSON.stringify({ isPrimary: leads }));
    });
    const hold = (hostname: string, session?: string) =>
      consul.keys.set('fly/hoplite/1', {
        value: JSON.stringify({ hostname, 'advertise-url': `http://127.0.0.1:${litefs.port}` }),
        ...(session !== undefined && { session }),
      });
    hold('b', 'session');
    expect(await observe()).toMatchObject({ facts: { holder: 'b' } });
    leads = false;
    expect(await observe()).toMatchObject({ facts: { holder: undefined } });
    leads = true;
    hold('a', 'session');
    expect(await observe()).toMatchObject({ facts: { holder: undefined } });
    hold('b');
    expect(await observe()).toMatchObject({ facts: { holder: undefined } });
  });

  test('is unreachable when it answers anything else, nothing, or not at all', async () => {
    for (const status of [200, 403, 500]) {
      consul.status = status;
      expect(await observe()).toMatchObject({ facts: { is: 'unreachable' } });
    }
    await using frozen = await FrozenServer.start();
    expect(await observe(frozen.url)).toMatchObject({
      facts: { is: 'unreachable', why: 'no answer within 2 s' },
    });
    expect(await observe('http://127.0.0.1:1')).toMatchObject({ facts: { is: 'unreachable' } });
  });
});

describe('the peers', () => {
  const status = (node: string, given: object = {}) =>
    JSON.stringify({ node, role: 'replica', position: null, epoch: null, ...given });
  const answering = (body: string, code = 200): Promise<ListeningServer> =>
    listen((request, response) => {
      response.writeHead(request.url === '/status' ? code : 404).end(body);
    });
  const observe = (peerUrl: string | undefined, candidates: readonly string[] = []) =>
    observePeers(
      readBootstrapSettings({
        NODE_ID: 'a',
        LITEFS_DATA_DIR: '/litefs',
        CONSUL_URL: 'http://127.0.0.1:8500',
        PEER_URL: peerUrl,
      }),
      candidates,
    );

  test('are those of the list but this node, each with what it has', async () => {
    const position = { txid: '000000000000000a', checksum: '00000000000000ff' };
    await using full = await answering(status('b', { position, epoch: 3, role: 'primary' }));
    await using busy = await answering(status('c', { position }));
    await using empty = await answering(status('d'));
    await using refusing = await answering('{}', 503);
    await using foreign = await answering('<html>');
    const ports = { a: 1, b: full.port, c: busy.port, d: empty.port };
    const more = { e: refusing.port, f: foreign.port, g: 1 };
    const list = Object.entries({ ...ports, ...more }).map(
      ([node, port]) => `${node}=http://127.0.0.1:${port}`,
    );
    expect(await observe(list.join(','))).toEqual([
      { is: 'answering', node: 'b', isPrimary: true, progress: { epoch: 3, txid: position.txid } },
      { is: 'answering', node: 'c', isPrimary: false, progress: { epoch: 0, txid: position.txid } },
      { is: 'answering', node: 'd', isPrimary: false, progress: undefined },
      { is: 'silent', node: 'e' },
      { is: 'silent', node: 'f' },
      { is: 'silent', node: 'g' },
    ]);
  });

  test('are the candidates, where nobody lists them', async () => {
    await using peer = await answering(status('b'));
    const template = `http://{node}:${peer.port}`;
    expect(await observe(template)).toEqual([]);
    expect(await observe(template, ['127.0.0.1'])).toMatchObject([{ is: 'answering', node: 'b' }]);
    expect(await observe(undefined, ['127.0.0.1'])).toEqual([]);
  });

  test('are answered by a node that waits, without links and with the reason', async () => {
    const port = await freePort();
    await using _waiting = await serveWaitingStatus(
      { node: 'b', region: 'ams', version: '1.0.0' },
      { host: '127.0.0.1', port, sentence: () => 'Consul is away.' },
    );
    expect(await observe(`b=http://127.0.0.1:${port}`)).toEqual([
      { is: 'answering', node: 'b', isPrimary: false, progress: undefined },
    ]);
    const answer = await fetch(`http://127.0.0.1:${port}/status`);
    expect(await answer.json()).toMatchObject({ role: 'joining', waitsFor: 'Consul is away.' });
    expect((await fetch(`http://127.0.0.1:${port}/position`)).status).toBe(503);
  });
});

async function freePort(): Promise<number> {
  await using server = await listen(() => undefined);
  return server.port;
}

test('the settings are those that the entrypoint would make', () => {
  const base = {
    LITEFS_DATA_DIR: '/data/litefs',
    CONSUL_URL: 'https://:a%20token@consul.fly/pre/fix/',
  };
  const fly = {
    FLY_APP_NAME: 'go',
    FLY_MACHINE_ID: '3d8d',
    FLY_REGION: 'ams',
    PRIMARY_REGION: 'ams',
  };
  expect(readBootstrapSettings({ ...base, ...fly, DATA_DIR: '/data/hoplite' })).toEqual({
    node: '3d8d',
    candidate: true,
    rebuild: undefined,
    volumeDir: '/data/litefs',
    restoreDir: '/data/hoplite/restore',
    restoreFrom: undefined,
    consul: { origin: 'https://consul.fly', token: 'a token', key: 'pre/fix/hoplite/go/1' },
    peerUrl: undefined,
    flyApp: 'go',
    privateHost: '127.0.0.1',
    privatePort: 8081,
  });
  expect(readBootstrapSettings({ ...base, FLY_REGION: '', PRIMARY_REGION: '' }).candidate).toBe(
    false,
  );
  expect(readBootstrapSettings({ ...base, ...fly, LITEFS_CANDIDATE: 'false' }).candidate).toBe(
    false,
  );
  expect(
    readBootstrapSettings({ ...base, REBUILD: 'auto', CONSUL_KEY: 'other/key' }),
  ).toMatchObject({
    rebuild: 'auto',
    consul: { key: 'pre/fix/other/key' },
  });
  for (const wrong of [
    { LITEFS_DATA_DIR: '' },
    { REBUILD: 'yes' },
    { CONSUL_URL: 'consul:8500' },
    { PEER_URL: 'a' },
    { PRIVATE_PORT: 'x' },
  ]) {
    const [name] = Object.keys(wrong);
    expect(() => readBootstrapSettings({ ...base, ...wrong })).toThrow(name);
  }
});
