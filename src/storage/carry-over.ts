import Database from 'better-sqlite3';
import { Connection } from './connection.ts';

/** Their ids are remembered elsewhere: in counts and spools of clicks, and in limits on writes. */
const tables = ['links', 'api_keys'];

/**
 * Makes links that are to take the place of those of a running node go on where these are: no id that one of its links or keys
 * has had is given away again, and a key that is revoked here stays revoked. Nobody may write to either file meanwhile. SQLite's errors pass.
 */
export function carryOver(runningFile: string, restoredFile: string): void {
  using running = new Connection(
    new Database(runningFile, { readonly: true, fileMustExist: true }),
  );
  using restored = new Connection(new Database(restoredFile, { fileMustExist: true }));
  restored.database.transaction(() => {
    raiseSequences(running.database, restored.database);
    revokeAgain(running.database, restored.database);
  })();
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

/** By the secret, which is what was revoked. */
function revokeAgain(running: Database.Database, restored: Database.Database): void {
  const revoke = restored.prepare(
    'UPDATE api_keys SET revoked_at = @revoked_at WHERE secret_hash = @secret_hash AND revoked_at IS NULL',
  );
  const revoked = running.prepare(
    'SELECT secret_hash, revoked_at FROM api_keys WHERE revoked_at IS NOT NULL',
  );
  for (const key of revoked.all()) revoke.run(key);
}
