import type { Database } from 'better-sqlite3';
import { deleteLedgerRow, ensureLedger, putLedgerRow, readLedger } from './ledger.ts';
import type { Migration } from './migration.ts';
import { migrationError } from './migration-error.ts';
import { planMigrations } from './plan.ts';
import type { Statement } from './statements.ts';

/**
 * Applies all pending migrations in one immediate transaction, each with its row in the ledger, and gives
 * them. Touches nothing when none is pending. Two runners at once apply them once: the second waits for
 * the lock and finds nothing to do. Throws `MigrationError`; then nothing took effect.
 */
export function applyPending(
  database: Database,
  migrations: readonly Migration[],
  { node, now }: { readonly node: string; readonly now: number },
): readonly Migration[] {
  const { pending, unhashed } = planMigrations(readLedger(database), migrations);
  if (pending.length === 0 && unhashed.length === 0) return [];
  return inMigrationTransaction(database, () => {
    ensureLedger(database);
    const plan = planMigrations(readLedger(database), migrations);
    for (const { version, file, sha256 } of plan.unhashed) {
      putLedgerRow(database, { version, file, sha256, appliedAt: null, node: null });
    }
    for (const { version, file, sha256, up } of plan.pending) {
      runStatements(database, file, up);
      checkForeignKeys(database, file);
      putLedgerRow(database, { version, file, sha256, appliedAt: now, node });
    }
    return plan.pending;
  });
}

/**
 * Takes back every applied migration above `to`, the newest first, in one immediate transaction, and
 * gives them. Throws `MigrationError` when one of them is not in the folder.
 */
export function rollBack(
  database: Database,
  migrations: readonly Migration[],
  to: number,
): readonly Migration[] {
  return inMigrationTransaction(database, () => {
    const { applied, newer } = planMigrations(readLedger(database), migrations);
    const [unknown] = newer;
    if (unknown !== undefined) {
      throw migrationError(
        { file: unknown.file ?? unknown.version },
        'it was applied by a newer release, which alone can take it back.',
      );
    }
    const undone = applied.filter(({ number }) => number > to).reverse();
    for (const { version, file, down } of undone) {
      runStatements(database, file, down);
      checkForeignKeys(database, file);
      deleteLedgerRow(database, version);
    }
    return undone;
  });
}

/**
 * Foreign keys are off while tables are rebuilt, where dropping the old one would otherwise delete the
 * rows that refer to it, and checked before the commit (sqlite.org/lang_altertable.html section 7). The pragma
 * does nothing inside a transaction, so it stands around it.
 */
function inMigrationTransaction<T>(database: Database, work: () => T): T {
  const enforced = database.pragma('foreign_keys', { simple: true }) === 1;
  database.pragma('foreign_keys = OFF');
  try {
    return database.transaction(work).immediate();
  } finally {
    if (enforced) database.pragma('foreign_keys = ON');
  }
}

function runStatements(database: Database, file: string, statements: readonly Statement[]): void {
  for (const [index, { sql, line }] of statements.entries()) {
    try {
      database.exec(sql);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      throw migrationError(
        { file, statement: { number: index + 1, line, sql } },
        error.message,
        error,
      );
    }
  }
}

function checkForeignKeys(database: Database, file: string): void {
  const [broken] = database.pragma('foreign_key_check') as { table: string; parent: string }[];
  if (broken === undefined) return;
  throw migrationError(
    { file },
    `after it, rows of ${broken.table} refer to rows of ${broken.parent} that do not exist.`,
  );
}
