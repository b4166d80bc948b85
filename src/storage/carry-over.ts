import Database from 'better-sqlite3';
import { Connection } from './connection.ts';
import { linkColumns, toLink } from './link-row.ts';
import { createLinkWriteStore } from './link-write-store.ts';
import { defineQuery, readBuilder } from './query.ts';
import { runThread } from './run-thread.ts';

/** The links of a running node, and those that are to take their place. */
export interface CarriedFiles {
  readonly running: string;
  readonly restored: string;
}

/** Their ids are remembered elsewhere: in counts and spools of clicks, and in limits on writes. */
const tables = ['links', 'api_keys'];

/** No index has them, so this looks at all links. */
const listBlocked = defineQuery(() =>
  readBuilder.selectFrom('links').select(linkColumns).where('blocked', '=', 1),
);

/** Does what `carryOver` does in a thread of its own, for it looks at all links. */
export function carryOverInThread(files: CarriedFiles): Promise<void> {
  const thread = new URL('./carry-over-thread.ts', import.meta.url);
  return runThread(thread, { name: 'carry-over', workerData: files });
}

/**
 * Makes links that are to take the place of those of a running node go on where these are: no id that one of its links or keys
 * has had is given away again, a key that is revoked here stays revoked, and a short URL that is blocked here stays blocked.
 * Nobody may write to either file meanwhile. SQLite's errors pass.
 */
export function carryOver(files: CarriedFiles): void {
  using running = new Connection(
    new Database(files.running, { readonly: true, fileMustExist: true }),
  );
  using restored = new Connection(new Database(files.restored, { fileMustExist: true }));
  restored.database.transaction(() => {
    raiseSequences(running.database, restored.database);
    revokeAgain(running.database, restored.database);
    blockAgain(running, restored);
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

/**
 * By the slug, since what was taken down is a short URL: the link that has it in the backup may be of another id, or lead
 * elsewhere, and nobody has judged that one yet.
 */
function blockAgain(running: Connection, restored: Connection): void {
  const links = createLinkWriteStore(restored);
  for (const blocked of running.all(listBlocked, {}).map(toLink)) {
    const link = links.findLink(blocked.domainId, blocked.slugKey);
    if (link === undefined || link.blocked) continue;
    links.updateLink({
      ...link,
      blocked: true,
      // A state that neither has had, so its tag names no other one.
      version: Math.max(link.version, blocked.version) + 1,
      updatedAt: Math.max(link.updatedAt, blocked.updatedAt),
    });
  }
}
