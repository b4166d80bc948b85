import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { TestFolder, writerOptions } from '../support/test-database.ts';

const child = fileURLToPath(new URL('./write-until-failure-child.ts', import.meta.url));

test('an I/O error of the commit leaves the outcome unknown, and what was answered is there', () => {
  using folder = new TestFolder();
  const options = writerOptions(folder, { journalMode: 'delete' });
  // Writes past 300 KiB fail with EFBIG, which reaches SQLite only when the commit writes the pages.
  const { stdout, stderr } = spawnSync(
    'sh',
    ['-c', 'ulimit -f 600; exec "$0" "$@"', process.execPath, child, JSON.stringify(options)],
    { encoding: 'utf8' },
  );
  expect(stderr).toBe('');
  const { created, failures } = JSON.parse(stdout) as { created: string[]; failures: object[] };
  expect(created.length).toBeGreaterThan(10);
  const unknown = { kind: 'unavailable', message: expect.stringContaining('not known whether') };
  expect(failures).toEqual([unknown, unknown]);

  const database = new Database(folder.file());
  expect(database.pragma('integrity_check', { simple: true })).toBe('ok');
  expect(database.prepare('SELECT slug FROM links ORDER BY id').pluck().all()).toEqual(created);
  database.close();
});
