import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  createReadStream,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { until } from '../../scripts/cluster/until.ts';
import { openBucket } from '../../src/backup/bucket/open-bucket.ts';
import { findFaultOfFile } from '../../src/storage/database-file.ts';
import { claimFolder } from '../../src/storage/folder-claim.ts';
import { makeCertificate } from '../support/certificate.ts';
import { readClickCounts } from '../support/click-counts.ts';
import { eventually } from '../support/eventually.ts';
import { findFreePort } from '../support/free-port.ts';
import { listen } from '../support/listen.ts';
import { readColumn } from '../support/read-column.ts';
import { runHere } from '../support/run-command-line.ts';
import { environmentOf, hopliteFile, runHoplite } from '../support/run-hoplite.ts';
import { type RunningApp, runApp } from '../support/running-app.ts';
import { startS3Server } from '../support/s3-server.ts';
import { createLink, follow } from '../support/send.ts';
import { linksMigrations, TestFolder } from '../support/test-database.ts';

const adminKey = 'an-admin-key-of-a-test-machine';
let machine: RunningApp;
let folder: TestFolder;
let env: Record<string, string>;
/** A moment between both backups. */
let between: string;

/** A machine with a link `first`, of whose two backups the second has `second` too, and then a link `third`. */
beforeAll(async () => {
  folder = new TestFolder();
  mkdirSync(folder.file('bucket'));
  machine = await runApp({ ADMIN_KEY: adminKey });
  env = {
    ...environmentOf(machine),
    ADMIN_KEY: adminKey,
    BACKUP_URL: `file://${folder.file('bucket')}`,
    BACKUP_KEY: 'the-key-of-all-backups-of-this-test',
  };
  await create('first');
  expect(await follow(machine.baseUrl, 'first')).toMatch(/^302/);
  await eventually(async () => expect((await counts()).first).toBe(1));
  expect(await hoplite('backup', 'now')).toMatchObject({ exitCode: 0, stderr: '' });
  between = new Date().toISOString();
  await create('second');
  expect(await hoplite('backup', 'now')).toMatchObject({ exitCode: 0, stderr: '' });
  await create('third');
});
afterAll(async () => {
  await machine?.[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

/** As a process of its own, since a backup gives way to all others. */
const hoplite = (...args: string[]) => runHoplite(args, env);
const counts = async () => Object.fromEntries(await readClickCounts(machine.baseUrl));
const create = (slug: string) => createLink(machine.baseUrl, slug);

/** What is said of files in a folder, and nothing else. */
const inFolder = expect.stringMatching(/^in it, keys that were revoked since are valid, and .*\n$/);

test('to a folder: two plain files beside the lock of it', async () => {
  const to = folder.file('restored');
  const { exitCode, stdout } = await hoplite('backup', 'restore', '--to', to);
  expect({ exitCode, stdout }).toEqual({
    exitCode: 0,
    stdout: expect.stringMatching(
      /^put the backup of .* with 2 links, into .*: links\.db and clicks\.db\n$/,
    ),
  });
  expect(readdirSync(to).sort()).toEqual(['clicks.db', 'links.db', 'lock']);
  const links = { file: join(to, 'links.db'), migrationsDir: linksMigrations };
  expect(findFaultOfFile(links)).toBeUndefined();
  const again = await hoplite('backup', 'restore', '--to', to);
  expect(again).toMatchObject({
    exitCode: 1,
    stderr: `${to}/links.db is there already; nothing was changed\n`,
  });
  const file = join(to, 'links.db');
  expect(await runHere(['backup', 'restore', '--to', file], env)).toEqual({
    exitCode: 1,
    stdout: '',
    stderr: `${file} cannot be written: it is no folder\n`,
  });
});

test.each(['clicks.db', 'clicks.db-journal', 'clicks.db-wal', 'links.db-shm'])(
  'to a folder with a %s: nothing, since SQLite would take it for a part of what is restored',
  async (name) => {
    const to = folder.file(`beside ${name}`);
    mkdirSync(to);
    writeFileSync(join(to, name), 'left over');
    expect(await runHere(['backup', 'restore', '--to', to], env)).toMatchObject({
      exitCode: 1,
      stderr: `${join(to, name)} is there already; nothing was changed\n`,
    });
    expect(readdirSync(to)).toEqual([name]);
  },
);

test.each([
  ['backup', 'restore', '--to'],
  ['move', '--to'],
])(
  '%s %s into a folder where a node works or starts: nothing, and nothing of it goes',
  async (...args) => {
    const to = folder.file(`of a node ${args[0]}`);
    mkdirSync(to);
    using _ = claimFolder(to);
    expect(await runHere([...args, to], env)).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: `another Hoplite works in ${to}\n`,
    });
    expect(readdirSync(to)).toEqual(['lock']);
  },
);

test('to a folder: no node starts there before all of it is there', async () => {
  const to = folder.file('long');
  let claim: (() => unknown) | undefined;
  await using server = await listen((_, response) => {
    claim = () => claimFolder(to);
    expect(claim).toThrow(`another Hoplite works in ${to}`);
    response.writeHead(404).end();
  });
  const from = `http://127.0.0.1:${server.port}/app.db`;
  expect(await runHere(['backup', 'restore', '--from', from, '--to', to], env)).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('is answered with 404'),
  });
  expect(claim).toBeDefined();
});

test('of a time, into the machine that runs, once its name was typed', async () => {
  const args = ['backup', 'restore', '--at', between];
  const name = new URL(machine.baseUrl).host;
  const nobody = await hoplite(...args);
  expect(nobody).toMatchObject({ exitCode: 1, stdout: '' });
  expect(nobody.stderr).toContain(`if you mean it, add --yes ${name}. ${name}, whose primary is`);
  expect(nobody.stderr).toContain('with 1 link. Links and keys made since are gone');
  const other = await runHere(args, env, 'yes\n');
  expect(other).toMatchObject({ exitCode: 1, stdout: '' });
  expect(other.stderr).toContain('that is not its name; nothing was changed');
  expect(Object.keys(await counts())).toEqual(['third', 'second', 'first']);

  const backups = () => readdirSync(folder.file('bucket/backups'));
  const before = backups();
  const restored = await hoplite(...args, '--yes', name);
  expect(restored).toMatchObject({ exitCode: 0 });
  expect(restored.stdout).toMatch(
    /^restored the backup of .* writes were held for \d+ ms, and this is epoch \d+\n$/,
  );
  expect(await counts()).toEqual({ first: 1 });

  // What was there was backed up first, and comes back in the same way.
  const [taken] = backups().filter((each) => !before.includes(each));
  expect(restored.stderr).toContain(
    `what there is now is backed up: ${taken?.replace('.json', '')}`,
  );
  expect(await hoplite('backup', 'restore', '--keep-clicks', '--yes', name)).toMatchObject({
    exitCode: 0,
  });
  expect(await counts()).toEqual({ first: 1, second: 0, third: 0 });
});

test.each([
  ['a time that is none', ['--at', 'yesterday'], 2, 'a time with its zone'],
  ['a time without a zone', ['--at', '2026-11-20T10:00:00'], 2, 'a time with its zone'],
  ['a time before all backups', ['--at', '2020-01-01T00:00:00Z'], 1, 'no backup of then or before'],
  ['a place that is not there', ['--from', '/nowhere/at/all'], 1, 'there is no /nowhere/at/all'],
  ['--to with --yes', ['--to', '/x', '--yes', 'x'], 2, 'cannot be used with'],
])('%s is refused', async (_, args, exitCode, words) => {
  const result = await runHere(['backup', 'restore', ...args], env);
  expect(result).toMatchObject({ exitCode, stdout: '', stderr: expect.stringContaining(words) });
});

interface ServingOptions {
  readonly args?: readonly string[];
  /** How to reach a bucket. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Serves what `from` names while `look` does; gives how the process ended. Rejects when it ends before it serves. */
async function serving(
  from: string,
  look: (url: string, said: string) => Promise<void>,
  { args: more = [], env: access = {} }: ServingOptions = {},
) {
  const port = String(await findFreePort());
  const args = [hopliteFile, 'serve', '--from-snapshot', from, ...more];
  const child = spawn(process.execPath, args, {
    env: {
      ...access,
      BACKUP_KEY: env.BACKUP_KEY,
      PORT: port,
      PRIVATE_PORT: '0',
      TMPDIR: folder.path,
      LOG_LEVEL: 'error',
      HEALTH_NOTICE: '0',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
  }
  const serves = () => {
    if (child.stdout.closed && child.stderr.closed) throw new Error(`it has ended:\n${said}`);
    return said.includes('Hoplite serves');
  };
  const ended = once(child, 'exit');
  try {
    await until(serves, { what: 'it serves', timeoutMs: 30_000 });
    await look(`http://localhost:${port}`, said);
  } finally {
    child.kill('SIGTERM');
  }
  return ended;
}

test('a backup is served by a node that has nothing else', async () => {
  const look = async (url: string, said: string) => {
    expect(said).toMatch(
      /serves the backup of .* It can only be read, and clicks are not counted\./,
    );
    expect(await follow(url, 'first')).toBe('302 https://example.com/first');
    expect(await follow(url, 'second')).toBe('503');
    expect((await readClickCounts(url)).get('first')).toBe(1);
  };
  expect(await serving(folder.file('bucket'), look, { args: ['--at', between] })).toEqual([
    0,
    null,
  ]);
  expect(readdirSync(folder.path).filter((name) => name.startsWith('hoplite-serve-'))).toEqual([]);
});

test('the newest backup of a bucket at an S3 server is served from there', async () => {
  await using s3 = await startS3Server();
  const { BACKUP_URL: from = '', ...access } = s3.env('some/where');
  const taken = await runHoplite(['backup', 'now'], { ...env, ...access, BACKUP_URL: from });
  expect(taken).toMatchObject({ exitCode: 0, stderr: '' });
  const look = async (url: string, said: string) => {
    expect(said).toMatch(/serves the backup of .* It can only be read/);
    for (const slug of ['first', 'second', 'third']) {
      expect(await follow(url, slug)).toBe(`302 https://example.com/${slug}`);
    }
  };
  expect(await serving(from, look, { env: access })).toEqual([0, null]);
});

test('a backup in one file shows its links to any SQLite, and is restored by path and URL', async () => {
  const file = folder.file('app-backup.db');
  const made = await hoplite('backup', 'now', '--to', file);
  expect(made).toEqual({ exitCode: 0, stdout: `backed up 3 links to ${file}\n`, stderr: '' });
  expect(readColumn(file, 'SELECT count(*) FROM links')).toEqual([3]);
  const again = await hoplite('backup', 'now', '--to', file);
  expect(again).toMatchObject({
    exitCode: 1,
    stderr: `${file} is there already; nothing was changed\n`,
  });
  const nowhere = folder.file('nowhere/app-backup.db');
  expect(await hoplite('backup', 'now', '--to', nowhere)).toEqual({
    exitCode: 1,
    stdout: '',
    stderr: `${nowhere} cannot be written: its folder is not there\n`,
  });

  await using server = await listen((request, response) => {
    if (request.url === '/app-backup.db') createReadStream(file).pipe(response);
    else if (request.url === '/else.db') response.end('something else');
    else response.writeHead(404).end();
  });
  const url = `http://127.0.0.1:${server.port}/app-backup.db`;
  for (const [from, to] of [
    [file, 'by-path'],
    [`file://${file}`, 'by-file-url'],
    [url, 'by-url'],
  ] as const) {
    const restored = await runHere(
      ['backup', 'restore', '--from', from, '--to', folder.file(to)],
      env,
    );
    expect(restored).toMatchObject({ exitCode: 0, stderr: inFolder });
    expect(readdirSync(folder.file(to)).sort()).toEqual(['clicks.db', 'links.db', 'lock']);
  }
  const other = url.replace('app-backup', 'else');
  const strange = await runHere(['serve', '--from-snapshot', other], env);
  expect(strange.stderr).toBe(`${other} is no backup: it is not a SQLite database\n`);
  await using s3 = await startS3Server();
  const body = readFileSync(file);
  await openBucket({ place: s3.place('some/where'), s3: s3.access() }).write('app.db', body);
  const from = `s3://${s3.bucket}/some/where/app.db`;
  const withS3 = { ...env, ...s3.env() };
  const args = ['backup', 'restore', '--from', from, '--to', folder.file('by-s3')];
  expect(await runHere(args, withS3)).toMatchObject({ exitCode: 0, stderr: inFolder });
  const missing = await runHere(['serve', '--from-snapshot', from.replace('app', 'no')], withS3);
  expect(missing).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('has no no.db') });

  await create('fourth');
  const name = new URL(machine.baseUrl).host;
  const restored = await hoplite('backup', 'restore', '--from', url, '--yes', name);
  expect(restored).toMatchObject({ exitCode: 0 });
  expect(await counts()).toEqual({ first: 1, second: 0, third: 0 });

  // From elsewhere only what is signed.
  const { BACKUP_KEY: _, BACKUP_URL: __, ...unsigned } = env;
  const refused = await runHere(
    ['backup', 'restore', '--from', url, '--to', folder.file('x')],
    unsigned,
  );
  expect(refused).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('BACKUP_KEY is not set'),
  });
  const gone = await runHere(
    ['backup', 'restore', '--from', `${url}x`, '--to', folder.file('x')],
    env,
  );
  expect(gone).toMatchObject({ exitCode: 1, stderr: `${url}x is answered with 404\n` });
  expect(existsSync(folder.file('x/links.db'))).toBe(false);
});

test('one file is restored and served over TLS, by a certificate that is trusted', async () => {
  const certificate = makeCertificate(folder.path);
  await using server = await listen((_, response) => {
    createReadStream(folder.file('app-backup.db')).pipe(response);
  }, certificate);
  const from = `https://127.0.0.1:${server.port}/app-backup.db`;
  const restore = ['backup', 'restore', '--from', from, '--to', folder.file('by-tls')];
  for (const args of [restore, ['serve', '--from-snapshot', from]]) {
    expect(await runHere(args, env)).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: expect.stringMatching(
        /^https:.* cannot be had: the certificate of https:.* is not trusted: .*NODE_EXTRA_CA_CERTS/,
      ),
    });
  }
  const trusting = { NODE_EXTRA_CA_CERTS: certificate.file };
  const restored = await runHoplite(restore, { ...env, ...trusting });
  expect(restored).toMatchObject({ exitCode: 0, stderr: inFolder });
  const look = async (url: string) => {
    expect(await follow(url, 'third')).toBe('302 https://example.com/third');
  };
  expect(await serving(from, look, { env: trusting })).toEqual([0, null]);
});

test('one file is served when it is signed, and not when it was changed or is not signed', async () => {
  const served = await serving(folder.file('app-backup.db'), async (url) => {
    expect(await follow(url, 'third')).toBe('302 https://example.com/third');
  });
  expect(served).toEqual([0, null]);

  const { BACKUP_KEY: _, BACKUP_URL: __, ...unsigned } = env;
  const plain = folder.file('unsigned.db');
  const made = await runHoplite(['backup', 'now', '--to', plain], unsigned);
  expect(made).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('it is not signed') });
  const to = ['backup', 'restore', '--from', plain, '--to', folder.file('plain')];
  expect(await runHere(to, unsigned)).toMatchObject({ exitCode: 0 });
  const changed = folder.file('changed.db');
  copyFileSync(folder.file('app-backup.db'), changed);
  const database = new Database(changed);
  database.exec(`UPDATE links SET destination = 'https://evil.example/' WHERE slug = 'first'`);
  database.close();
  for (const [file, words] of [
    [plain, 'is not signed'],
    [changed, 'has not the rows that were backed up'],
  ] as const) {
    const refused = await runHere(['serve', '--from-snapshot', file], env);
    expect(refused).toMatchObject({
      exitCode: 1,
      stdout: '',
      stderr: expect.stringContaining(words),
    });
  }
});

test('nothing is served that is not signed, or is not what was signed', async () => {
  const serve = (BACKUP_KEY?: string) =>
    runHere(['serve', '--from-snapshot', folder.file('bucket')], {
      PRIVATE_PORT: '0',
      ...(BACKUP_KEY === undefined ? {} : { BACKUP_KEY }),
    });
  expect(await serve()).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('BACKUP_KEY is not set'),
  });
  expect(await serve('another-key-that-nobody-has-signed-with')).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('which BACKUP_KEY does not hold'),
  });
  for (const name of readdirSync(folder.file('bucket/parts'))) {
    writeFileSync(folder.file(`bucket/parts/${name}`), 'rubbish');
  }
  expect(await serve(env.BACKUP_KEY)).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('can be restored'),
  });
  rmSync(folder.file('bucket'), { recursive: true });
  expect(existsSync(folder.file('bucket'))).toBe(false);
});
