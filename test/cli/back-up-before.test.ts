import { mkdirSync, writeFileSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { BackupKeys } from '../../src/backup/backup-keys.ts';
import { signDocument } from '../../src/backup/signed-document.ts';
import { backUpBefore } from '../../src/cli/backup/back-up-before.ts';
import { createOutput } from '../../src/cli/output.ts';
import { readConfig } from '../../src/config.ts';
import { TestFolder } from '../support/test-database.ts';

/** Gives what a person hears. */
async function backUp(env: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const said: string[] = [];
  const output = createOutput(new PassThrough(), new PassThrough());
  await backUpBefore(readConfig(env), {
    env,
    output: { ...output, note: (line) => said.push(line) },
    input: () => new PassThrough(),
    giveWay: () => {},
    fail: () => {},
  });
  return said;
}

const key = { BACKUP_KEY: 'the-key-of-this-test-that-is-long-enough' };

test('what is replaced is not backed up among the backups of another key, and that is said', async () => {
  using folder = new TestFolder();
  mkdirSync(folder.file('backups'));
  writeFileSync(
    folder.file('backups/2026-11-30T08-05-57.480Z-ams1-b753e078.json'),
    signDocument({}, new BackupKeys(['another key'])),
  );
  expect(await backUp({ ...key, BACKUP_URL: `file://${folder.path}` })).toEqual([
    expect.stringMatching(
      /^what there is now is not backed up, and only copied by the primary: the backup \S+ is signed with the key /,
    ),
  ]);
});

test('nothing is replaced where it cannot be backed up before, and how to go on is said', async () => {
  await expect(backUp({ ...key, BACKUP_URL: 'file:///not/mounted' })).rejects.toThrow(
    /there is no \/not\/mounted: .*\n.*nothing was changed\. .*leave BACKUP_URL empty/,
  );
  expect(await backUp(key)).toEqual([]);
});
