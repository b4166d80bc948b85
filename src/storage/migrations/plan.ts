import type { LedgerRow } from './ledger.ts';
import type { Migration } from './migration.ts';
import { migrationError } from './migration-error.ts';

/** How a database stands to a migrations folder. */
export interface Plan {
  readonly applied: readonly Migration[];
  readonly pending: readonly Migration[];
  /** Applied, but higher than the folder knows: a newer node ran before. */
  readonly newer: readonly LedgerRow[];
  /** Applied by another tool, which left no hash to tell an edit by. */
  readonly unhashed: readonly Migration[];
}

/**
 * Compares the ledger with the folder. Throws `MigrationError`, by the name of the file, for one that was
 * edited after it was applied, one that is missing, and one that comes before an applied one. Numbers above
 * all of the folder's are fine: a roll-out has nodes of two releases.
 */
export function planMigrations(
  ledger: readonly LedgerRow[],
  migrations: readonly Migration[],
): Plan {
  const newest = migrations.at(-1)?.number ?? 0;
  const rows = new Map(ledger.map((row) => [Number(row.version), row]));
  const lastApplied = Math.max(0, ...rows.keys());
  const files = new Set(migrations.map(({ number }) => number));
  for (const [number, row] of rows) {
    if (number > newest || files.has(number)) continue;
    throw migrationError(
      { file: row.file ?? row.version },
      'it was applied to this database and is missing from the folder.',
    );
  }
  for (const { number, file, sha256 } of migrations) {
    const row = rows.get(number);
    if (row === undefined && number < lastApplied) {
      throw migrationError(
        { file },
        `it was not applied, but ${lastApplied}, which comes after it, was.`,
      );
    }
    if (row?.sha256 != null && row.sha256 !== sha256) {
      throw migrationError(
        { file },
        `it was edited after it was applied${row.file === null || row.file === file ? '' : ` as ${row.file}`}.`,
      );
    }
  }
  const applied = migrations.filter(({ number }) => rows.has(number));
  return {
    applied,
    pending: migrations.filter(({ number }) => !rows.has(number)),
    newer: ledger.filter(({ version }) => Number(version) > newest),
    unhashed: applied.filter(({ number }) => rows.get(number)?.sha256 == null),
  };
}
