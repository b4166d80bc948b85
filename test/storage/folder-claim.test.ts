import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { claimFolder } from '../../src/storage/folder-claim.ts';
import { TestFolder } from '../support/test-database.ts';

test('a folder is claimed once at a time', () => {
  using folder = new TestFolder();
  using elsewhere = new TestFolder();
  using _other = claimFolder(elsewhere.path);
  {
    using _claim = claimFolder(folder.path);
    expect(() => claimFolder(folder.path)).toThrow(`another Hoplite works in ${folder.path}`);
    expect(readdirSync(folder.path)).toEqual(['lock']);
  }
  claimFolder(folder.path)[Symbol.dispose]();
});
