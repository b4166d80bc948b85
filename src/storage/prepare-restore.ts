import Database from 'better-sqlite3';
import { Connection } from './connection.ts';
import { findFaultOfFile } from './database-file.ts';
import { epochsKnown, findEpoch } from './find-epoch.ts';
import type { WriterOptions } from './writer-options.ts';
import { openWriterSession } from './writer-session.ts';

/** What files were made ready for. */
export interface PreparedFiles {
  /** The newest epoch of the links: above all that the target has had. */
  readonly epoch: number;
}

/**
 * Makes copies ready to take the place of a node's databases, by what its writer does when it opens: pending migrations are
 * applied, the default domain becomes what the configuration says, and an epoch above `afterEpoch` begins. So whatever could
 * go wrong there does so here, and every node that gets the file knows by its first read that this is another history: it
 * forgets the links that it remembers.
 *
 * `options` are those of the writer, with the copies as its files, in mode DELETE. Throws what `openWriterSession` does, and
 * an error with a sentence when a file is not fit for a fleet afterwards.
 */
export function prepareRestore(options: WriterOptions, afterEpoch: number): PreparedFiles {
  fillEpochs(options.file, afterEpoch, options.node);
  const { epoch } = openAndClose(options);
  for (const { file, migrationsDir } of [options, options.clicks]) {
    const fault = findFaultOfFile({ file, migrationsDir });
    if (fault !== undefined) throw new Error(`${file} cannot be restored: ${fault}`);
  }
  return { epoch };
}

function openAndClose(options: WriterOptions) {
  using session = openWriterSession(options, { links: undefined, clicks: undefined });
  return session.opened;
}

/**
 * Adds the epochs that the target has had and the file has not. Their rows differ from those of the target, so that a
 * bookmark of a write that the restore takes away is told from one that is reached.
 */
function fillEpochs(file: string, upTo: number, node: string): void {
  using connection = new Connection(new Database(file));
  const newest = connection.get(findEpoch, {})?.epoch ?? 0;
  const insert = connection.database.prepare(
    'INSERT INTO epochs (epoch, node, started_at) VALUES (?, ?, ?)',
  );
  const now = Date.now();
  connection.database.transaction(() => {
    for (let epoch = Math.max(newest, upTo - epochsKnown) + 1; epoch <= upTo; epoch += 1) {
      insert.run(epoch, node, now);
    }
  })();
}
