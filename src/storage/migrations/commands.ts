import { existsSync } from 'node:fs';
import Database from 'better-sqlite3';
import { type JournalMode, openWritable } from '../open-writable.ts';
import { type LedgerRow, readLedger } from './ledger.ts';
import { type Migration, readMigrations } from './migration.ts';
import { planMigrations } from './plan.ts';
import { applyPending, rollBack } from './run.ts';

/** A database and the folder that makes it. */
export interface MigrationTarget {
  readonly file: string;
  readonly migrationsDir: string;
}

/** What one migration is in one database. */
export interface MigrationState {
  readonly file: string;
  readonly state: 'applied' | 'pending' | 'newer';
  /** Milliseconds since 1970 UTC; `null` when pending or applied by another tool. */
  readonly appliedAt: number | null;
  /** The node that applied it. */
  readonly node: string | null;
}

/**
 * Applies all pending migrations to a file, which is created when there is none; gives the names of
 * those it applied. Throws `MigrationError`, and `conflict` for a file in the wrong journal mode.
 */
export function migrateUp(
  target: MigrationTarget & { readonly journalMode: JournalMode; readonly node: string },
): string[] {
  const migrations = readMigrations(target.migrationsDir);
  const database = openWritable(target);
  try {
    const applied = applyPending(database, migrations, { node: target.node, now: Date.now() });
    return applied.map(({ file }) => file);
  } finally {
    database.close();
  }
}

/**
 * Takes back the newest applied migration, or all above the number `to`; gives the names of those it
 * took back. Throws `MigrationError`.
 */
export function migrateDown(
  target: MigrationTarget & { readonly journalMode: JournalMode; readonly to?: number | undefined },
): string[] {
  const migrations = readMigrations(target.migrationsDir);
  if (!existsSync(target.file)) return [];
  const database = openWritable(target);
  try {
    const applied = readLedger(database).map(({ version }) => Number(version));
    const to = target.to ?? applied.at(-2) ?? 0;
    return rollBack(database, migrations, to).map(({ file }) => file);
  } finally {
    database.close();
  }
}

/** Every migration of the folder, then what the database has beyond it. Throws `MigrationError`. */
export function migrationStatus(target: MigrationTarget): MigrationState[] {
  const migrations = readMigrations(target.migrationsDir);
  const ledger = readLedgerOf(target.file);
  const { newer } = planMigrations(ledger, migrations);
  const rows = new Map(ledger.map((row) => [Number(row.version), row]));
  return [
    ...migrations.map(({ file, number }) => toState(file, rows.get(number))),
    ...newer.map((row) => ({ ...toState(row.file ?? row.version, row), state: 'newer' as const })),
  ];
}

function readLedgerOf(file: string): LedgerRow[] {
  if (!existsSync(file)) return [];
  const database = new Database(file, { readonly: true });
  try {
    return readLedger(database);
  } finally {
    database.close();
  }
}

function toState(file: Migration['file'], row: LedgerRow | undefined): MigrationState {
  return {
    file,
    state: row === undefined ? 'pending' : 'applied',
    appliedAt: row?.appliedAt ?? null,
    node: row?.node ?? null,
  };
}
