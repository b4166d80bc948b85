import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectDir } from '../../scripts/cluster/programs.ts';

/** A copy of what a node runs from, to be changed by a test: another version of the program. */
export interface ProjectCopy extends Disposable {
  readonly dir: string;
  /** Adds a migration of links.db that is newer than all others. */
  addMigration(name: string, sql: string): void;
  /** Adds the migration of links.db that a next release would have; gives the name of its file. */
  addNextMigration(title: string, sql: string): string;
  /** Puts `added` behind the one place of a file where `after` stands. Throws when there is not exactly one. */
  insert(path: string, after: string, added: string): void;
}

/** Copies the program and its migrations, from this tree or another copy; its packages are the same. */
export function copyProject(from: string = projectDir): ProjectCopy {
  const dir = mkdtempSync(join(tmpdir(), 'hoplite-copy-'));
  for (const name of ['src', 'migrations', 'package.json', 'litefs.yml']) {
    cpSync(join(from, name), join(dir, name), { recursive: true });
  }
  symlinkSync(join(projectDir, 'node_modules'), join(dir, 'node_modules'));
  return {
    dir,
    addMigration(name, sql) {
      writeFileSync(join(dir, 'migrations/links', name), sql);
    },
    addNextMigration(title, sql) {
      const files = readdirSync(join(dir, 'migrations/links'));
      const numbers = files.map((file) => Number.parseInt(file, 10) || 0);
      const name = `${String(Math.max(...numbers) + 1).padStart(4, '0')}_${title}.sql`;
      writeFileSync(join(dir, 'migrations/links', name), sql);
      return name;
    },
    insert(path, after, added) {
      const file = join(dir, path);
      const [before, behind, ...more] = readFileSync(file, 'utf8').split(after);
      if (behind === undefined || more.length > 0) {
        throw new Error(`${path} does not hold this once: ${after}`);
      }
      writeFileSync(file, before + after + added + behind);
    },
    [Symbol.dispose]: () => rmSync(dir, { recursive: true }),
  };
}
