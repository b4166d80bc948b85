import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { makeLinks } from '../../scripts/bench/links.ts';
import { SmallDisk } from '../../scripts/faults/world/small-disk.ts';
import { openBootBackups } from '../../src/app/restore/boot-backups.ts';
import { restoreOnBoot } from '../../src/app/restore/restore-on-boot.ts';
import { createBackupProcess } from '../../src/backup/backup-process.ts';
import { FolderBucket } from '../../src/backup/bucket/folder-bucket.ts';
import { NoRoom } from '../../src/backup/scratch-folder.ts';
import { download } from '../../src/cli/backup/download.ts';
import { describeError } from '../../src/cli/describe-error.ts';
import { openFolderSource } from '../../src/cli/move/folder-source.ts';
import { readConfig } from '../../src/config.ts';
import { countLinks } from '../../src/storage/database-file.ts';
import { addLinks } from '../support/backup-store.ts';
import { listen } from '../support/listen.ts';
import { runHere } from '../support/run-command-line.ts';
import { hopliteFile, runHoplite } from '../support/run-hoplite.ts';
import { TestFolder } from '../support/test-database.ts';

/** Of some MiB, in parts that hardly become smaller. */
const links = 30_000;
const diskMiB = 32;
/** So much of a disk stays free, and there is no room for the smallest database in it. */
const spareBytes = Math.round((diskMiB * 2 ** 20) / 10) + 20_000;
/** Room enough, as far as the sizes of files tell. */
const enoughBytes = 5 * 2 ** 20;

const stack = new AsyncDisposableStack();
let folder: TestFolder;
/** The disk of `DATA_DIR`. */
let data: SmallDisk;
let env: Record<string, string>;

/**
 * A node that runs, whose links are nearly all in its WAL as yet: a copy is larger than the file that tells how much room it
 * takes, so that a disk can have room enough before and become full all the same.
 */
beforeAll(async () => {
  folder = stack.use(new TestFolder());
  data = stack.use(await SmallDisk.mount(folder.file('data'), diskMiB));
  mkdirSync(folder.file('bucket'));
  makeLinks(data.dir, 0);
  const running = stack.adopt(new Database(join(data.dir, 'links.db')), (it) => void it.close());
  running.pragma('wal_autocheckpoint = 0');
  addLinks(running, 1, links);
  env = {
    PATH: process.env.PATH as string,
    DATA_DIR: data.dir,
    BACKUP_URL: `file://${folder.file('bucket')}`,
    BACKUP_KEY: 'the-key-of-all-backups-of-this-test',
  };
});
afterAll(() => stack.disposeAsync());

/** As a process of its own, since a backup gives way to all others. */
const hoplite = (args: string, more: Record<string, string> = {}) =>
  runHoplite(['backup', ...args.split(' ')], { ...env, ...more });
const list = async (more: Record<string, string> = {}) => {
  const { stdout } = await runHere(['backup', 'list', '--json'], { ...env, ...more });
  return JSON.parse(stdout).backups as { readonly links: number; readonly fault: string | null }[];
};
const good = expect.objectContaining({ links, fault: null });

/** A disk that goes with the test. */
async function mount(name: string, megabytes: number): Promise<SmallDisk> {
  const disk = await SmallDisk.mount(folder.file(name), megabytes);
  onTestFinished(() => disk[Symbol.asyncDispose]());
  return disk;
}

/** Fills a disk when the sixth part of a backup is read: the first ones are written by then. */
function fillMeanwhile(disk: SmallDisk): Disposable {
  const { read } = FolderBucket.prototype;
  let parts = 0;
  return vi.spyOn(FolderBucket.prototype, 'read').mockImplementation(async function (
    this: FolderBucket,
    ...args
  ) {
    if (args[0].startsWith('parts/')) parts += 1;
    if (parts === 6) await disk.fill();
    return read.apply(this, args);
  });
}

test('in the middle of a copy: no backup, nothing is left, and the next one is good', async () => {
  await data.fill(enoughBytes);
  const failed = await hoplite('now');
  expect(failed).toMatchObject({ exitCode: 1, stdout: '' });
  expect(failed.stderr).toMatch(
    /^the disk of \/\S+\/data\/backup\/\S+, or .* is full \(SQLITE_FULL\): make room, .*\n$/,
  );
  const run = createBackupProcess({ isAlone: false, file: hopliteFile, env });
  expect(await run('backup', new AbortController().signal)).toMatchObject({
    outcome: 'failed',
    kind: 'disk_full',
    why: expect.stringMatching(/ is full \(SQLITE_FULL\): make room/),
  });
  expect(readdirSync(join(data.dir, 'backup'))).toEqual(['lock']);
  expect(await list()).toEqual([]);
  await data.free();
  expect(await hoplite('now')).toMatchObject({ exitCode: 0, stderr: '' });
  expect(await list()).toEqual([good]);
});

test('in the middle of an upload: no backup is to be seen, and the next one is good', async () => {
  const bucket = await mount('small-bucket', 1);
  const to = { BACKUP_URL: `file://${bucket.dir}` };
  const failed = await hoplite('now', to);
  expect(failed).toMatchObject({ exitCode: 1, stdout: '' });
  expect(failed.stderr).toMatch(
    /^The folder of backups cannot store parts\/\S+: the disk or the quota of \/\S+\/small-bucket is full: make room, .*\n$/,
  );
  expect(readdirSync(join(bucket.dir, 'parts')).length).toBeGreaterThan(0);
  expect(readdirSync(join(bucket.dir, '.unfinished'))).toEqual([]);
  expect(readdirSync(join(data.dir, 'backup'))).toEqual(['lock']);
  expect(await runHere(['backup', 'list'], { ...env, ...to })).toMatchObject({
    exitCode: 1,
    stdout: '',
    stderr: expect.stringMatching(/ has \d+ parts of backups and no backup: /),
  });
  execFileSync('mount', ['-o', 'remount,size=32m', bucket.dir]);
  expect(await hoplite('now', to)).toMatchObject({ exitCode: 0, stderr: '' });
  expect(await list(to)).toEqual([good]);
});

test('under one file: nothing is begun without room, and nothing half-written stays', async () => {
  const disk = await mount('file', diskMiB);
  const path = join(disk.dir, 'app.db');
  // Told before anything of the node is looked at.
  const missing = folder.file('missing/app.db');
  const nobody = { ...env, DATA_DIR: folder.file('nobody') };
  expect(await runHere(['backup', 'now', '--to', missing], nobody)).toEqual({
    exitCode: 1,
    stdout: '',
    stderr: `${missing} cannot be written: its folder is not there\n`,
  });
  await disk.fill(spareBytes);
  const refused = await hoplite(`now --to ${path}`);
  expect(refused).toMatchObject({ exitCode: 1, stdout: '' });
  expect(refused.stderr).toMatch(/^the disk of \/\S+\/file has 4 MiB free, and a copy needs .*\n$/);
  await disk.free();
  await disk.fill(enoughBytes);
  const failed = await hoplite(`now --to ${path}`);
  expect(failed).toMatchObject({ exitCode: 1, stdout: '' });
  expect(failed.stderr).toMatch(/^the disk or the quota of \/\S+\/file is full \(ENOSPC\): .*\n$/);
  expect(readdirSync(disk.dir)).toEqual(['ballast']);
  await disk.free();
  expect(await hoplite(`now --to ${path}`)).toMatchObject({ exitCode: 0 });

  const { exitCode } = await runHere(['backup', 'restore', '--from', path, '--to', disk.dir], env);
  expect(exitCode).toBe(0);
  copyFileSync(path, folder.file('large.db'));
});

test("under SQLite's temporary files is no damage of the file that is unpacked", async () => {
  const disk = await mount('temporary', 1);
  // More than SQLite keeps in memory, which is found not to be what was backed up once there is room.
  const path = folder.file('large.db');
  const large = new Database(path);
  large.exec('CREATE TABLE more AS SELECT zeroblob(20000000)');
  large.close();
  const restore = ['backup', 'restore', '--from', path, '--to', folder.file('from-file')];
  const failed = await runHoplite(restore, { ...env, SQLITE_TMPDIR: disk.dir });
  expect(failed).toMatchObject({ exitCode: 1, stdout: '' });
  expect(failed.stderr).toMatch(
    /^the disk of \S+, or that of SQLite's temporary files .* is full \(SQLITE_FULL\): .*\n$/,
  );
  expect(readdirSync(folder.file('from-file'))).toEqual(['lock']);
  expect((await runHere(restore, env)).stderr).toMatch(/links\.db of the backup .* rows of more/);
});

test('in the middle of a restore to a folder: nothing is left, no older one is taken, and the next try succeeds', async () => {
  const disk = await mount('to', diskMiB);
  const restore = () => runHere(['backup', 'restore', '--to', disk.dir], env);
  expect(await hoplite('now')).toMatchObject({ exitCode: 0 });
  {
    using _ = fillMeanwhile(disk);
    const failed = await restore();
    expect(failed).toMatchObject({ exitCode: 1, stdout: '' });
    expect(failed.stderr).toMatch(/^the disk or the quota of \/\S+\/to is full \(ENOSPC\): .*\n$/);
  }
  expect(readdirSync(disk.dir).sort()).toEqual(['ballast', 'lock']);
  expect((await restore()).stderr).toMatch(/^the disk of .* and a copy needs \d+ MiB/);
  await disk.free();
  const { exitCode, stderr } = await restore();
  expect(exitCode, stderr).toBe(0);
  expect(stderr).not.toContain('PASSED OVER');
  expect(countLinks(join(disk.dir, 'links.db')).links).toBe(links);
});

test('at a start without links: it ends with 75, never empty, and goes on when there is room', async () => {
  const disk = await mount('lost', diskMiB);
  const config = readConfig({ ...env, DATA_DIR: disk.dir });
  const lines: string[] = [];
  const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(line) });
  const boot = () => restoreOnBoot(config, { backups: openBootBackups(config), log });
  {
    using _ = fillMeanwhile(disk);
    await expect(boot()).rejects.toMatchObject({
      exitCode: 75,
      message: expect.stringMatching(
        /no room for the backup of them: the disk .* is full \(ENOSPC\): .* Not starting empty\./,
      ),
    });
  }
  expect(readdirSync(disk.dir)).toEqual(['ballast']);
  const started = await runHoplite(['start'], { ...env, DATA_DIR: disk.dir });
  expect(started.exitCode).toBe(75);
  expect(started.stderr).toMatch(/^Hoplite cannot start: .* has \d+ MiB free, .* Not starting/);
  expect(existsSync(join(disk.dir, 'links.db'))).toBe(false);
  await disk.free();
  await boot();
  expect(lines.join('')).not.toContain('a newer backup cannot be restored');
  expect(countLinks(join(disk.dir, 'links.db')).links).toBe(links);
});

test('under files that are moved to a fleet: nothing is begun without room, and nothing half-written passes', async () => {
  const disk = await mount('moved', diskMiB);
  const fleet = {
    LITEFS_DIR: folder.file('mount'),
    FLEET_SECRET: 'f'.repeat(32),
    PEER_URL: 'http://{node}.example.internal:8081',
    BASE_URL: 'https://go.example.com',
  };
  const source = await openFolderSource(readConfig({ ...env, ...fleet }), data.dir);
  await disk.fill(spareBytes);
  await expect(source.unpackInto(disk.dir)).rejects.toThrow(/4 MiB free, and a copy needs/);
  await disk.free();
  await disk.fill(enoughBytes);
  await expect(source.unpackInto(disk.dir)).rejects.toThrow(NoRoom);
});

test('under anything else that a command writes is no defect', () => {
  const error = new Error('ENOSPC: no space left on device, write');
  expect(describeError(Object.assign(error, { code: 'ENOSPC' }))).toBe(
    'a disk or a quota is full: ENOSPC: no space left on device, write',
  );
});

test('under a download is no fault of the server', async () => {
  const disk = await mount('download', 1);
  // It does not say how much comes.
  await using server = await listen((_, response) => {
    response.write(Buffer.alloc(2 ** 21));
    response.end();
  });
  const url = new URL(`http://127.0.0.1:${server.port}/app.db`);
  await expect(download({ url }, join(disk.dir, 'got.db'))).rejects.toThrow(
    /^the disk or the quota of \/\S+\/download is full \(ENOSPC\)/,
  );
  expect(readdirSync(disk.dir)).toEqual([]);
});
