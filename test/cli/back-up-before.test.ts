import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openTestStore, packInto, SampleDatabases } from '../support/backup-store.ts';
import { environmentOf, runHoplite } from '../support/run-hoplite.ts';
import { runApp } from '../support/running-app.ts';
import { createLink, follow } from '../support/send.ts';
import { TestFolder } from '../support/test-database.ts';

test('nothing is restored while what there is cannot be backed up first; a place of other backups is told, and left alone', async () => {
  using folder = new TestFolder();
  await using machine = await runApp();
  const env = { ...environmentOf(machine), BACKUP_KEY: 'the-key-of-all-backups-of-this-test' };
  const file = folder.file('app-backup.db');
  const name = new URL(machine.baseUrl).host;
  const restoreBeside = (BACKUP_URL: string) =>
    runHoplite(['backup', 'restore', '--from', file, '--yes', name], { ...env, BACKUP_URL });
  expect(await runHoplite(['backup', 'now', '--to', file], env)).toMatchObject({ exitCode: 0 });
  await createLink(machine.baseUrl, 'since');

  const unmounted = folder.file('unmounted');
  expect(await restoreBeside(`file://${unmounted}`)).toMatchObject({
    exitCode: 1,
    stdout: '',
    stderr: expect.stringContaining(`there is no ${unmounted}: `),
  });
  expect(await follow(machine.baseUrl, 'since')).toBe('302 https://example.com/since');
  expect(existsSync(join(machine.dataDir, 'before-restore'))).toBe(false);

  using samples = new SampleDatabases(1);
  await packInto(openTestStore(folder), { links: samples.copy('links', folder) });
  expect(await restoreBeside(`file://${folder.file('bucket')}`)).toMatchObject({
    exitCode: 0,
    stderr: expect.stringMatching(
      /what there is now is not backed up, and only copied by the primary: .* which BACKUP_KEY does not hold/,
    ),
  });
  expect(await follow(machine.baseUrl, 'since')).toBe('404');
  expect(readdirSync(folder.file('bucket/backups'))).toHaveLength(1);
  expect(readdirSync(join(machine.dataDir, 'before-restore'))).toHaveLength(1);
});
