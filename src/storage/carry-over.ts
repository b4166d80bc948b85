import Database from 'better-sqlite3';
import { Connection } from './connection.ts';

/** Their ids are remembered elsewhere: in counts and spools of clicks, and in limits on writes. */
const tables = ['links', 'api_keys'];

/**
 * Makes links that are to take the place of those of a running node go on where these are: no id that one of its links or keys
 * has had is given away again. Nobody may write to either file meanwhile. SQLite's errors pass.
 */
export function carryOver(runningFile: string, restoredFile: string): void {
  using running = new Connection(
    new Database(runningFile, { readonly: true, fileMustExist: true }),
  );
  using restored = new Connection(new Database(restoredFile, { fileMustExist: true }));
  restored.database.transaction(() => raiseSequences(running.database, restored.database))();
}

function raiseSequences(running: Database.Database, restored: Database.Database): void {
  const find = 'SELECT seq FROM sqlite_sequence WHERE name = ?';
  const ofRunning = running.prepare(find).pluck();
  const ofRestored = restored.prepare(find).pluck();
  const insert = restored.prepare('INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)');
  const update = restored.prepare('UPDATE sqlite_sequence SET seq = ? WHERE name = ?');
  for (const table of tables) {
    const highest = ofRunning.get(table) as number | undefined;
    const known = ofRestored.get(table) as number | undefined;
    if (highest === undefined || highest <= (known ?? 0)) continue;
    // A table that never had a row has none there.
    if (known === undefined) insert.run(table, highest);
    else update.run(highest, table);
  }
}
