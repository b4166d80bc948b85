import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NoRoom, openScratchFolder } from '../../src/backup/scratch-folder.ts';
import { claimFolder } from '../../src/storage/folder-claim.ts';
import { recordOwners } from '../support/recorded-owners.ts';

const child = fileURLToPath(new URL('./scratch-folder-child.ts', import.meta.url));

describe('a scratch folder', () => {
  let parent: string;

  beforeEach(() => {
    parent = join(mkdtempSync(join(tmpdir(), 'hoplite-scratch-')), 'backup');
  });

  afterEach(() => rmSync(join(parent, '..'), { recursive: true, force: true }));

  const runs = () => readdirSync(parent).filter((name) => name.startsWith('run-'));

  it('goes with all that is in it', async () => {
    {
      await using scratch = await openScratchFolder(parent, 0, claimFolder);
      writeFileSync(join(scratch.path, 'links.db'), 'x');
      expect(runs()).toHaveLength(1);
    }
    expect(runs()).toEqual([]);
  });

  it('takes what a killed run left behind, and nothing of one that goes on', async () => {
    mkdirSync(join(parent, 'run-killed'), { recursive: true });
    writeFileSync(join(parent, 'run-killed', 'links.db'), 'x');
    writeFileSync(join(parent, 'something-else'), 'x');
    await using first = await openScratchFolder(parent, 0, claimFolder);
    writeFileSync(join(first.path, 'links.db'), 'x');
    await using second = await openScratchFolder(parent, 0, claimFolder);
    expect(readdirSync(first.path)).toContain('links.db');
    expect(runs().sort()).toEqual(
      [first.path, second.path].map((path) => path.slice(parent.length + 1)).sort(),
    );
    expect(readdirSync(parent)).toContain('something-else');
  });

  it('is claimed, and what is left is looked for, while no other run can do either', async () => {
    mkdirSync(join(parent, 'run-killed'), { recursive: true });
    const claimed: string[] = [];
    const claim = (folder: string) => {
      if (folder !== parent) {
        claimed.push(folder);
        expect(() => claimFolder(parent)).toThrow('another Hoplite works in');
      }
      return claimFolder(folder);
    };
    await using scratch = await openScratchFolder(parent, 0, claim);
    expect(claimed).toEqual([join(parent, 'run-killed'), scratch.path]);
    expect(runs()).toHaveLength(1);
    claimFolder(parent)[Symbol.dispose]();
  });

  it('goes while others come and go, in processes of their own', async () => {
    const run = () => promisify(execFile)(process.execPath, [child, parent, '100']);
    await Promise.all([run(), run(), run()]);
    expect(readdirSync(parent)).toEqual(['lock']);
  });

  it('belongs to the owner of the folder above, with its locks, when root opens it', async () => {
    const given = recordOwners();
    await using scratch = await openScratchFolder(parent, 0, claimFolder);
    const { uid, gid } = statSync(join(parent, '..'));
    const owner = `${uid}:${gid}`;
    expect(Object.fromEntries(given)).toEqual({
      [parent]: owner,
      [join(parent, 'lock')]: owner,
      [scratch.path]: owner,
      [join(scratch.path, 'lock')]: owner,
    });
  });

  it('is refused where the disk would be too full', async () => {
    const opening = openScratchFolder(parent, 2 ** 60, claimFolder);
    await expect(opening).rejects.toThrow(NoRoom);
    await expect(opening).rejects.toThrow(/make the volume larger$/);
    expect(runs()).toEqual([]);
  });
});
