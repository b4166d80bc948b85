import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectDir } from '../../scripts/cluster/programs.ts';

/** A copy of what a node runs from, to be changed by a test: another version of the program. */
export interface ProjectCopy extends Disposable {
  readonly dir: string;
  /** Adds a migration of links.db that is newer than all others. */
  addMigration(name: string, sql: string): void;
}

/** Copies the program and its migrations; its packages are the same. */
export function copyProject(): ProjectCopy {
  const dir = mkdtempSync(join(tmpdir(), 'hoplite-copy-'));
  for (const name of ['src', 'migrations', 'package.json', 'litefs.yml']) {
    cpSync(join(projectDir, name), join(dir, name), { recursive: true });
  }
  symlinkSync(join(projectDir, 'node_modules'), join(dir, 'node_modules'));
  return {
    dir,
    addMigration(name, sql) {
      writeFileSync(join(dir, 'migrations/links', name), sql);
    },
    [Symbol.dispose]: () => rmSync(dir, { recursive: true }),
  };
}
