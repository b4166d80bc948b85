import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { claimFolder } from '../../src/storage/folder-claim.ts';
import { runHere } from '../support/run-command-line.ts';
import { TestFolder } from '../support/test-database.ts';

test('a folder that a machine works in, or whose links are damaged, is not moved', async () => {
  using folder = new TestFolder();
  const from = folder.file('of a machine');
  mkdirSync(from);
  writeFileSync(join(from, 'links.db'), 'damaged');
  const move = () => runHere(['move', '--from', from], { DATA_DIR: folder.file('own') });
  const damaged =
    /^nothing was moved: A database is damaged: .*links\.db: file is not a database\. .*\n$/;
  expect(await move()).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(damaged) });
  using _claim = claimFolder(from);
  expect(await move()).toMatchObject({
    exitCode: 1,
    stderr: `nothing was moved: another Hoplite works in ${from}; end it, so that nothing of what it does stays behind\n`,
  });
});
