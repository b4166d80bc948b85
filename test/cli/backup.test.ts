import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BackupWork } from '../../src/backup/backup-pace.ts';
import { createBackupProcess } from '../../src/backup/backup-process.ts';
import { runHere } from '../support/run-command-line.ts';
import { environmentOf, hopliteFile, runHoplite } from '../support/run-hoplite.ts';
import { type RunningApp, runApp } from '../support/running-app.ts';

const never = new AbortController().signal;

describe('hoplite backup, on a node that runs', () => {
  let running: RunningApp;
  let folder: string;
  let env: Record<string, string>;

  beforeAll(async () => {
    running = await runApp();
    folder = mkdtempSync(join(tmpdir(), 'hoplite-bucket-'));
    env = {
      ...environmentOf(running),
      BACKUP_URL: `file://${folder}`,
      BACKUP_KEY: 'the-key-of-a-test-that-has-enough-letters',
      NODE_ID: 'ams1',
    };
    await create();
  });

  afterAll(async () => {
    await running[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  const create = () =>
    fetch(`${running.app.url}/?url=https://example.com/`, { method: 'POST' }).then((answer) =>
      expect(answer.ok).toBe(true),
    );
  const backup = (...args: string[]) => runHoplite(['backup', ...args], env);
  /** What the app would read of a run for it. */
  const scheduled = (work: BackupWork, more: Record<string, string> = {}) =>
    createBackupProcess({ isAlone: true, file: hopliteFile, env: { ...env, ...more } })(
      work,
      never,
    );

  it('makes one when it is due, tells of it, and makes none where nothing changed', async () => {
    expect(await scheduled('drill')).toMatchObject({ outcome: 'nothing' });
    const first = await scheduled('backup');
    expect(first).toMatchObject({
      outcome: 'taken',
      look: { newest: { node: 'ams1' }, verified: null },
    });
    expect(await scheduled('backup')).toMatchObject({ outcome: 'unchanged', sentBytes: 0 });
    await create();
    expect(await scheduled('backup')).toMatchObject({ outcome: 'taken' });
    expect(await scheduled('drill')).toMatchObject({
      outcome: 'verified',
      look: { newest: { node: 'ams1' }, verified: { name: expect.any(String) } },
    });
    expect(readdirSync(join(running.dataDir, 'backup'))).toEqual(['lock']);
  });

  it('says what kind of failure there was', async () => {
    expect(await scheduled('backup', { BACKUP_URL: `file://${folder}/none` })).toMatchObject({
      outcome: 'failed',
      kind: 'no_bucket',
      why: expect.stringContaining(folder),
    });
    const noNode = mkdtempSync(join(tmpdir(), 'hoplite-no-node-'));
    expect(await scheduled('backup', { DATA_DIR: noNode })).toMatchObject({
      outcome: 'failed',
      kind: 'copy',
      why: expect.stringContaining('has no links yet'),
    });
    rmSync(noNode, { recursive: true });
  });

  it('ends when whoever started it is gone, and says so of a process that crashed', async () => {
    const gone = spawn(process.execPath, [hopliteFile, 'backup', 'now', '--scheduled'], {
      env: { ...env, BACKUP_URL: `file://${folder}` },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    expect(await text(gone.stdout)).toContain('aborted');
    const crashing = createBackupProcess({
      isAlone: true,
      file: join(folder, 'no-such-program.ts'),
      env,
    });
    expect(await crashing('backup', never)).toMatchObject({
      outcome: 'failed',
      kind: 'crashed',
      why: expect.stringMatching(
        /^The process of the backup ended with exit code 1: .*no-such-program/s,
      ),
    });
  });

  it.each([
    ['gives way from its start where it is alone', 'backup', true, 19],
    ['holds nobody up in a fleet before it has its copy', 'backup', false, 0],
    ['gives way from its start in a fleet where it is a drill', 'drill', false, 19],
  ] as const)('%s, with one thread for its code', async (_, work, isAlone, niceness) => {
    const program = join(folder, 'tells-its-priority.mjs');
    // Whoever starts it may be late.
    writeFileSync(
      program,
      `import { getPriority } from 'node:os';
      const untilMs = performance.now() + 10_000;
      while (getPriority() !== ${niceness} && performance.now() < untilMs);
      const why = [getPriority(), ...process.execArgv].join(' ');
      console.log(JSON.stringify({ outcome: 'failed', kind: 'copy', why }));`,
    );
    const run = createBackupProcess({ file: program, env, isAlone });
    expect(await run(work, never)).toMatchObject({
      why: `${niceness} --single-threaded --v8-pool-size=0`,
    });
  });

  it('makes, tries and lists them for a person', async () => {
    const made = await backup('now');
    expect(made).toMatchObject({ exitCode: 0, stderr: '' });
    expect(made.stdout).toMatch(/^backed up 2 links to file:\/\/\S+: \S+-ams1-\S+; \d+ B were new/);
    const listed = JSON.parse((await backup('list', '--json')).stdout);
    expect(listed.total).toBe(3);
    const { name } = listed.backups[0];
    expect(listed.backups[0]).toMatchObject({ node: 'ams1', links: 2, epoch: 1, verifiedAt: null });
    const tried = await backup('verify');
    expect(tried).toMatchObject({ exitCode: 0, stderr: '' });
    expect(tried.stdout).toContain(`${name} is good: 2 links, clicks until 2`);

    const { stdout, stderr } = await backup('list', '--limit', '2');
    const rows = stdout.trim().split('\n');
    expect(rows).toHaveLength(3);
    expect(rows[0]).toMatch(/^taken +node +links +size +stored +tried +name$/);
    expect(rows[1]).toMatch(new RegExp(`^\\S+Z +ams1 +2 +\\S+ \\S+ +\\S+ \\S+ +\\S+Z +${name}$`));
    expect(stderr).toBe('1 older one; --all\n');
  });

  it('tries one that is a file of its own', async () => {
    const file = join(running.dataDir, 'app-backup.db');
    expect((await backup('now', '--to', file)).exitCode).toBe(0);
    const good = await backup('verify', '--from', file);
    expect(good).toMatchObject({ exitCode: 0, stderr: '' });
    expect(good.stdout).toMatch(/app-backup\.db is good: 2 links, clicks until .+, 2 redirects/);
    const bytes = readFileSync(file);
    bytes.write('evil', bytes.indexOf('example.com'));
    writeFileSync(file, bytes);
    expect((await backup('verify', '--from', file)).exitCode).toBe(1);
    expect(await backup('verify', '--from', running.dataDir)).toMatchObject({
      exitCode: 1,
      stderr: `${running.dataDir} is no backup: it is a folder\n`,
    });
  });

  it('tells of one that was changed in the bucket, and does not take another for it', async () => {
    const [name = ''] = readdirSync(join(folder, 'backups')).sort().toReversed();
    const file = join(folder, 'backups', name);
    const signed = readFileSync(file, 'utf8');
    writeFileSync(
      file,
      signed.replace('"epoch":1', '"epoch":9').replace('"epoch": 1', '"epoch": 9'),
    );
    const { exitCode, stderr } = await backup('verify');
    expect(exitCode).toBe(1);
    expect(stderr).toContain(name.replace('.json', ''));
    expect(await scheduled('drill')).toMatchObject({ outcome: 'failed', kind: 'damaged' });
    expect((await backup('list')).stdout).toMatch(/ damaged +/);
    writeFileSync(file, signed);
  });

  it('lists those of another key as such, and tells of parts whose backups are lost', async () => {
    const other = { ...env, BACKUP_KEY: 'another-key-of-a-test-that-has-enough-letters' };
    const listed = await runHere(['backup', 'list'], other);
    expect(listed.stdout).toMatch(/ ams1 +other key +\S+\n/);
    expect(listed.stdout).not.toContain('damaged');
    rmSync(join(folder, 'backups'), { recursive: true });
    expect(await runHere(['backup', 'list'], env)).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/ has \d+ parts of backups and no backup: the first one was /),
    });
  });
});

it('hoplite backup without a place for backups says which variables to set', async () => {
  for (const command of ['now', 'list', 'verify']) {
    const { exitCode, stderr } = await runHoplite(['backup', command]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain('set BACKUP_URL');
  }
});
