import Database from 'better-sqlite3';
import { readMigrations } from '../../src/storage/migrations/migration.ts';
import { applyPending } from '../../src/storage/migrations/run.ts';

/*
 * Program of a process that migrates: file, folder, journal mode, and the number of the statement before which
 * it kills itself (0: never). Says how many statements it ran and what it applied.
 */
const [file = '', migrationsDir = '', journalMode = '', killBefore = '0'] = process.argv.slice(2);

let statements = 0;
const database = new Database(file, {
  verbose: () => {
    statements += 1;
    if (statements === Number(killBefore)) process.kill(process.pid, 'SIGKILL');
  },
});
database.pragma(`journal_mode = ${journalMode}`);
const applied = applyPending(database, readMigrations(migrationsDir), { node: 'child', now: 1 });
database.close();
console.log(JSON.stringify({ statements, applied: applied.map((each) => each.file) }));
