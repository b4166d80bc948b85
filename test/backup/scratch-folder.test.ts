import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NoRoom, openScratchFolder } from '../../src/backup/scratch-folder.ts';
import { claimFolder } from '../../src/storage/folder-claim.ts';

describe('a scratch folder', () => {
  let parent: string;

  beforeEach(() => {
    parent = join(mkdtempSync(join(tmpdir(), 'hoplite-scratch-')), 'backup');
  });

  afterEach(() => rmSync(join(parent, '..'), { recursive: true, force: true }));

  it('goes with all that is in it', async () => {
    {
      await using scratch = await openScratchFolder(parent, 0, claimFolder);
      writeFileSync(join(scratch.path, 'links.db'), 'x');
      expect(readdirSync(parent)).toHaveLength(1);
    }
    expect(readdirSync(parent)).toEqual([]);
  });

  it('takes what a killed run left behind, and nothing of one that goes on', async () => {
    mkdirSync(join(parent, 'run-killed'), { recursive: true });
    writeFileSync(join(parent, 'run-killed', 'links.db'), 'x');
    writeFileSync(join(parent, 'something-else'), 'x');
    await using first = await openScratchFolder(parent, 0, claimFolder);
    writeFileSync(join(first.path, 'links.db'), 'x');
    await using second = await openScratchFolder(parent, 0, claimFolder);
    expect(readdirSync(first.path)).toContain('links.db');
    expect(readdirSync(parent).sort()).toEqual(
      [first.path, second.path]
        .map((path) => path.slice(parent.length + 1))
        .concat('something-else')
        .sort(),
    );
  });

  it('is refused where the disk would be too full', async () => {
    const opening = openScratchFolder(parent, 2 ** 60, claimFolder);
    await expect(opening).rejects.toThrow(NoRoom);
    await expect(opening).rejects.toThrow(/make the volume larger$/);
    expect(readdirSync(parent)).toEqual([]);
  });
});
