import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openWriterSession } from '../../src/storage/writer-session.ts';
import { type FakeConsul, startFakeConsul } from '../support/fake-consul.ts';
import { listen } from '../support/listen.ts';
import { runHere, type Typed } from '../support/run-command-line.ts';
import { DatabaseTemplate, TestFolder, writerOptions } from '../support/test-database.ts';

const clusterId = 'LFSC0123456789ABCDEF';
const key = 'hoplite/fleet/1';
const template = new DatabaseTemplate('delete');
afterAll(() => template[Symbol.dispose]());

let folder: TestFolder;
let consul: FakeConsul;
let env: Record<string, string>;
beforeEach(async () => {
  folder = new TestFolder();
  consul = await startFakeConsul();
  consul.keys.set(`${key}/clusterid`, { value: clusterId });
  consul.keys.set(`${key}/mark`, { value: '{"epoch":7,"txid":"000000000000000a","node":"b"}' });
  template.copyTo(folder.file('backup.db'));
  env = {
    NODE_ID: 'a',
    LITEFS_DIR: join(folder.path, 'mount'),
    LITEFS_URL: 'http://127.0.0.1:1',
    LITEFS_DATA_DIR: join(folder.path, 'litefs'),
    LITEFS_CANDIDATE: 'true',
    DATA_DIR: join(folder.path, 'own'),
    FLEET_SECRET: 'a secret of the fleet that is long enough',
    PEER_URL: 'a=http://127.0.0.1:1,b=http://127.0.0.1:1',
    CONSUL_URL: consul.url,
  };
});
afterEach(async () => {
  await consul[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

const rebuild = (args: readonly string[] = [], typed?: Typed) =>
  runHere(['rebuild', '--cluster-id', clusterId, ...args], env, typed);
const links = () => ['--links', folder.file('backup.db')];

/** What the command may make: the id of the volume, and what waits to be imported. */
const made = () => ({
  id: read(join(folder.path, 'litefs/clusterid')),
  own: namesIn('own').flatMap((name) => (name === 'backup' ? namesIn('own/backup') : [name])),
  mark: consul.keys.has(`${key}/mark`),
});
const putTransaction = (database: string, content = 'LTX1'.padEnd(200)) => {
  const ltx = folder.file(`litefs/dbs/${database}/ltx`);
  mkdirSync(ltx, { recursive: true });
  writeFileSync(join(ltx, '0000000000000001-0000000000000001.ltx'), content);
};
const read = (file: string) => (existsSync(file) ? readFileSync(file, 'utf8') : undefined);
/** Without locks, which stay. */
const namesIn = (path: string) =>
  existsSync(folder.file(path))
    ? readdirSync(folder.file(path)).filter((name) => name !== 'lock')
    : [];
const untouched = { id: undefined, own: [], mark: true };

/** Of the links that wait. The next primary begins one more: beyond all that a bookmark or a mark can name. */
function epochs(): unknown[] {
  using database = open(folder.file('own/restore/links.db'));
  return database.prepare('SELECT epoch, node FROM epochs ORDER BY epoch').raw().all();
}

describe('rebuild', () => {
  test('puts the files and the id in place, and has Consul forget how far the lost links were', async () => {
    expect(await rebuild([...links(), '--yes'])).toEqual({
      exitCode: 0,
      stdout: '',
      stderr: expect.stringContaining(`This node is of the cluster ${clusterId} now.`),
    });
    expect(made()).toEqual({ id: `${clusterId}\n`, own: ['restore'], mark: false });
    expect(readdirSync(folder.file('own/restore'))).toEqual(['links.db']);
    using database = open(folder.file('own/restore/links.db'));
    expect(database.pragma('journal_mode', { simple: true })).toBe('delete');
    expect(epochs()).toEqual([
      [1, 'test'],
      [7, 'a'],
    ]);
  });

  test('may be repeated, with other files too', async () => {
    mkdirSync(folder.file('own/restore'), { recursive: true });
    writeFileSync(folder.file('own/restore/clicks.db'), 'of an earlier try');
    mkdirSync(folder.file('own/backup/run-killed/restore'), { recursive: true });
    writeFileSync(folder.file('own/backup/run-killed/restore/links.db'), 'half');
    for (const _ of [1, 2])
      expect(await rebuild([...links(), '--yes'])).toMatchObject({ exitCode: 0 });
    expect(readdirSync(folder.file('own/restore'))).toEqual(['links.db']);
    // Consul has forgotten the mark by then.
    expect(epochs().at(-1)).toEqual([7, 'a']);
    expect(made()).toEqual({ id: `${clusterId}\n`, own: ['restore'], mark: false });
  });

  test('puts ready what it told of, though another one runs while a person is asked', async () => {
    template.copyTo(folder.file('other.db'));
    using other = open(folder.file('other.db'));
    other.exec("INSERT INTO epochs VALUES (2, 'other', 0)");
    const asked = await rebuild(links(), async () => {
      const { exitCode, stderr } = await rebuild(['--links', folder.file('other.db'), '--yes']);
      expect(exitCode, stderr).toBe(0);
      return 'y\n';
    });
    expect(asked).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('of epoch 1') });
    expect(epochs()).toEqual([
      [1, 'test'],
      [7, 'a'],
    ]);
    expect(made()).toEqual({ id: `${clusterId}\n`, own: ['restore'], mark: false });
  });

  test('without files lets the fleet start empty', async () => {
    expect(await rebuild(['--yes'])).toMatchObject({
      exitCode: 0,
      stderr: expect.stringContaining('it starts empty'),
    });
    expect(made()).toEqual({ id: `${clusterId}\n`, own: ['restore'], mark: false });
    expect(readdirSync(folder.file('own/restore'))).toEqual(['starts-empty']);
    // In place of files that were put ready before.
    for (const args of [[...links(), '--yes'], ['--yes']]) await rebuild(args);
    expect(readdirSync(folder.file('own/restore'))).toEqual(['starts-empty']);
  });

  test('takes clicks with their links', async () => {
    const clicks = folder.file('clicks.db');
    openWriterSession(writerOptions(folder, { journalMode: 'delete' }))[Symbol.dispose]();
    expect(await rebuild([...links(), '--clicks', clicks, '--yes'])).toMatchObject({ exitCode: 0 });
    expect(readdirSync(folder.file('own/restore')).sort()).toEqual(['clicks.db', 'links.db']);
    expect(await rebuild(['--clicks', clicks, '--yes'])).toMatchObject({ exitCode: 1 });
  });

  test('asks, and says what would be lost', async () => {
    const no = await rebuild(links(), 'n\n');
    expect(no).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('nothing was changed'),
    });
    expect(no.stderr).toContain(
      `The cluster ${clusterId} goes on with the 0 links of the file, of epoch 1. No answer from b: what is newer there is lost when it comes back. Go on? [y/N]`,
    );
    const nobody = await rebuild(links());
    expect(nobody).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('add --yes') });
    expect(made()).toEqual(untouched);
    expect(await rebuild(links(), 'y\n')).toMatchObject({ exitCode: 0 });
    expect(made()).toMatchObject({ id: `${clusterId}\n`, own: ['restore'] });
  });

  test.each<[name: string, prepare: () => unknown, says: string]>([
    [
      'on a volume with data',
      () => {
        putTransaction('links.db');
      },
      'is not empty: it has links.db',
    ],
    [
      'on a damaged volume',
      () => putTransaction('clicks.db', 'LTX'),
      'the volume of this node is damaged',
    ],
    [
      'on a volume of another cluster',
      () => {
        mkdirSync(folder.file('litefs'));
        writeFileSync(folder.file('litefs/clusterid'), 'LFSCFEDCBA9876543210\n');
      },
      `is of the cluster LFSCFEDCBA9876543210, not of ${clusterId}`,
    ],
    [
      'with an id that Consul does not have',
      () => consul.keys.set(`${key}/clusterid`, { value: 'LFSCFEDCBA9876543210' }),
      `Consul's ${key}/clusterid is LFSCFEDCBA9876543210, not ${clusterId}`,
    ],
    ['with Consul away', () => Object.assign(consul, { status: 500 }), 'Consul does not answer'],
    ['on no candidate', () => Object.assign(env, { LITEFS_CANDIDATE: 'false' }), 'no candidate'],
    ['alone', () => Object.assign(env, { LITEFS_DIR: '' }), 'runs alone'],
    [
      'without the folder of LiteFS',
      () => Object.assign(env, { LITEFS_DATA_DIR: '' }),
      'LITEFS_DATA_DIR',
    ],
  ])('does nothing %s', async (_name, prepare, says) => {
    prepare();
    expect(await rebuild([...links(), '--yes'])).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining(says),
    });
    expect(read(folder.file('own/restore/links.db'))).toBeUndefined();
    expect(consul.keys.has(`${key}/mark`)).toBe(true);
  });

  test('does nothing while another node has the links, or LiteFS runs on this one', async () => {
    await using peer = await listen((request, response) => {
      const position = { txid: '000000000000000a', checksum: '00000000000000ff' };
      const status = { node: 'b', role: 'detached', position, epoch: 3 };
      const info = { isPrimary: false, primary: { hostname: '' } };
      response.end(JSON.stringify(request.url === '/info' ? info : status));
    });
    const url = `http://127.0.0.1:${peer.port}`;
    env.PEER_URL = `b=${url}`;
    expect(await rebuild([...links(), '--yes'])).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('b has the links'),
    });
    env.LITEFS_URL = url;
    expect(await rebuild([...links(), '--yes'])).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('LiteFS runs on this node'),
    });
    expect(made()).toEqual(untouched);
  });

  test('needs an id that is one', async () => {
    const args = ['rebuild', '--cluster-id', 'LFSC1', ...links(), '--yes'];
    expect(await runHere(args, env)).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('LFSC1 is not the id of a cluster'),
    });
    expect(made()).toEqual(untouched);
  });

  test('takes the id of Consul, else one that every candidate would make, and keeps clicks that are there', async () => {
    putTransaction('clicks.db');
    expect(await runHere(['rebuild', ...links(), '--yes'], env)).toMatchObject({ exitCode: 0 });
    expect(made().id).toBe(`${clusterId}\n`);
    const ids = [];
    for (const key of [1, 1, 2]) {
      rmSync(folder.file('litefs'), { recursive: true });
      consul.keys.clear();
      env.CONSUL_KEY = `hoplite/fleet/${key}`;
      expect(await runHere(['rebuild', ...links(), '--yes'], env)).toMatchObject({ exitCode: 0 });
      ids.push(made().id);
    }
    expect(ids[0]).toMatch(/^LFSC[0-9A-F]{16}\n$/);
    expect(ids[1]).toBe(ids[0]);
    expect(ids[2]).not.toBe(ids[0]);
  });
});

describe('a file is refused', () => {
  test.each<[name: string, spoil: (file: string) => void, says: string]>([
    ['that is not there', (file) => renameSync(file, `${file}.old`), 'there is no such file'],
    [
      'that is no database',
      (file) => writeFileSync(file, 'no'.repeat(99)),
      'is not a SQLite database',
    ],
    ['in WAL mode', (file) => alter(file, 'PRAGMA journal_mode = WAL'), 'it is in WAL mode'],
    ['beside its journal', (file) => writeFileSync(`${file}-journal`, 'x'), '-journal'],
    ['of something else', (file) => alter(file, 'DROP TABLE schema_migrations'), 'no migrations'],
    [
      'of a newer release',
      (file) =>
        alter(
          file,
          "INSERT INTO schema_migrations (version, file) VALUES ('9001', '9001_next.sql')",
        ),
      'made by a newer release: it has 9001_next.sql',
    ],
    [
      'with an edited migration',
      (file) => alter(file, "UPDATE schema_migrations SET sha256 = 'x' WHERE version = '0001'"),
      'it was edited after it was applied',
    ],
    [
      'with another schema',
      (file) => alter(file, 'CREATE TABLE more (id)'),
      'table more is not declared',
    ],
    [
      'that is cut short',
      (file) => writeFileSync(file, readFileSync(file).subarray(0, 8192)),
      'malformed',
    ],
    ['with a damaged page', damage, 'it is damaged'],
  ])('%s', async (_name, spoil, says) => {
    const file = folder.file('backup.db');
    spoil(file);
    const result = await rebuild(['--links', file, '--yes']);
    expect(result.exitCode).toBe(1);
    expect(result.stderr).toContain(`${file} cannot be restored as links.db: `);
    expect(result.stderr).toContain(says);
    expect(made()).toEqual(untouched);
  });

  test('of links that is given as one of clicks', async () => {
    const result = await rebuild([...links(), '--clicks', folder.file('backup.db'), '--yes']);
    expect(result).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('as clicks.db') });
    expect(made()).toEqual(untouched);
  });
});

function open(file: string): Database.Database & Disposable {
  const database = new Database(file);
  return Object.assign(database, { [Symbol.dispose]: () => void database.close() });
}

function alter(file: string, sql: string): void {
  using database = open(file);
  database.exec(sql);
}

/** Overwrites an index, which a look at the schema does not notice. */
function damage(file: string): void {
  using database = open(file);
  const page = database
    .prepare(`SELECT rootpage FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL LIMIT 1`)
    .pluck()
    .get() as number;
  const bytes = readFileSync(file);
  bytes.fill(0xff, (page - 1) * 4096 + 100, page * 4096);
  bytes.fill(7, (page - 1) * 4096, (page - 1) * 4096 + 8);
  writeFileSync(file, bytes);
}
