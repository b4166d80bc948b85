import { execFile, spawnSync } from 'node:child_process';
import { copyFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { migrateUp } from '../../src/storage/migrations/commands.ts';
import { databaseContent } from '../support/database-content.ts';
import { plantedMigrations, plantMigrations } from '../support/planted-migrations.ts';
import { TestFolder } from '../support/test-database.ts';

const child = fileURLToPath(new URL('./migrate-child.ts', import.meta.url));
const names = Object.keys(plantedMigrations);

interface Report {
  readonly statements: number;
  readonly applied: readonly string[];
}

/** Migrates in a process of its own; `undefined` when it was killed. */
function migrate(file: string, folder: string, journalMode: string, killBefore = 0) {
  const args = [child, file, folder, journalMode, String(killBefore)];
  const result = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (result.signal === 'SIGKILL') return undefined;
  if (result.status !== 0) throw new Error(result.stderr);
  return JSON.parse(result.stdout) as Report;
}

describe.each(['delete', 'wal'] as const)('with the journal mode %s', (journalMode) => {
  test('a crash before any statement leaves all or nothing, and the next run ends it', () => {
    using folder = new TestFolder();
    const { '0001_pets.sql': first = '' } = plantedMigrations;
    const initial = plantMigrations(folder, { '0001_pets.sql': first }, 'initial');
    const whole = plantMigrations(folder);
    migrate(folder.file('before.db'), initial, journalMode);
    migrate(folder.file('after.db'), initial, journalMode);
    const { statements = 0 } = migrate(folder.file('after.db'), whole, journalMode) ?? {};
    const before = databaseContent(folder.file('before.db'));
    const after = databaseContent(folder.file('after.db'));
    expect(statements).toBeGreaterThan(15);

    let survived = 0;
    for (let killBefore = 1; killBefore <= statements; killBefore += 1) {
      const file = folder.file(`crash-${killBefore}.db`);
      copyFileSync(folder.file('before.db'), file);
      expect(migrate(file, whole, journalMode, killBefore)).toBeUndefined();
      const content = databaseContent(file);
      if ('pets' in content && JSON.stringify(content) === JSON.stringify(after)) survived += 1;
      else expect(content, `killed before statement ${killBefore}`).toEqual(before);
      migrateUp({ file, migrationsDir: whole, journalMode, node: 'next' });
      expect(databaseContent(file), `after statement ${killBefore}`).toEqual(after);
    }
    // Only the statements after the commit find everything there.
    expect(survived).toBeGreaterThan(0);
    expect(survived).toBeLessThan(4);
  });

  test('several processes at once apply each migration once', async () => {
    using folder = new TestFolder();
    const whole = plantMigrations(folder);
    // The journal mode is set before, as openWritable does under its own time-out.
    migrate(folder.file(), plantMigrations(folder, {}, 'none'), journalMode);
    const run = () =>
      promisify(execFile)(process.execPath, [child, folder.file(), whole, journalMode]);
    const outputs = await Promise.all([run(), run(), run(), run()]);
    const reports = outputs.map(({ stdout }) => JSON.parse(stdout) as Report);
    expect(reports.flatMap(({ applied }) => applied)).toEqual(names);
    expect(databaseContent(folder.file()).schema_migrations).toHaveLength(names.length);
  });
});
