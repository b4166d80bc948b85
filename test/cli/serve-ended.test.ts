import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { listen } from '../support/listen.ts';
import { hopliteFile } from '../support/run-hoplite.ts';
import { TestFolder } from '../support/test-database.ts';

test('a node that is ended before it serves leaves no folder behind', async () => {
  using folder = new TestFolder();
  const asked = Promise.withResolvers<void>();
  await using server = await listen((_, response) => {
    response.write('the beginning');
    asked.resolve();
  });
  const from = `http://127.0.0.1:${server.port}/app.db`;
  const child = spawn(process.execPath, [hopliteFile, 'serve', '--from-snapshot', from], {
    env: { BACKUP_KEY: 'the-key-of-all-backups-of-this-test', TMPDIR: folder.path },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const ended = once(child, 'exit');
  try {
    await asked.promise;
    expect(readdirSync(folder.path)).toEqual([expect.stringMatching(/^hoplite-serve-/)]);
  } finally {
    child.kill('SIGTERM');
  }
  expect(await ended).toEqual([null, 'SIGTERM']);
  expect(readdirSync(folder.path)).toEqual([]);
});
