import type { Database } from 'better-sqlite3';

/** A row of the ledger: a migration that was applied. */
export interface LedgerRow {
  /** The number as its file has it. */
  readonly version: string;
  /** Name of the file; this and the rest are `null` when another tool applied it. */
  readonly file: string | null;
  readonly sha256: string | null;
  /** Milliseconds since 1970 UTC. */
  readonly appliedAt: number | null;
  readonly node: string | null;
}

/**
 * The ledger is dbmate's own table with more columns: dbmate names only `version` when it reads and
 * writes, so both tools see the same truth in a database that either has migrated, whereas two tables
 * would let dbmate apply everything a second time. It is no migration's table, because it has to be there
 * before the first one.
 */
export const ledgerTable = 'schema_migrations';

const columns = { file: 'TEXT', sha256: 'TEXT', applied_at: 'INTEGER', node: 'TEXT' } as const;

/** Makes the ledger where there is none, and widens one that dbmate made. */
export function ensureLedger(database: Database): void {
  const definitions = Object.entries(columns).map(([name, type]) => `${name} ${type}`);
  database.exec(
    `CREATE TABLE IF NOT EXISTS ${ledgerTable} (version TEXT PRIMARY KEY, ${definitions.join(', ')}) STRICT`,
  );
  const present = database.pragma(`table_info(${ledgerTable})`) as { name: string }[];
  for (const [name, type] of Object.entries(columns)) {
    if (present.some((column) => column.name === name)) continue;
    database.exec(`ALTER TABLE ${ledgerTable} ADD COLUMN ${name} ${type}`);
  }
}

/** All rows in the order of their numbers; none when there is no ledger. */
export function readLedger(database: Database): LedgerRow[] {
  const exists = database
    .prepare(`SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?`)
    .get(ledgerTable);
  if (exists === undefined) return [];
  const rows = database
    .prepare(`SELECT * FROM ${ledgerTable} ORDER BY CAST(version AS INTEGER)`)
    .all() as { version: string; [column: string]: unknown }[];
  return rows.map((row) => ({
    version: row.version,
    file: (row.file ?? null) as string | null,
    sha256: (row.sha256 ?? null) as string | null,
    appliedAt: (row.applied_at ?? null) as number | null,
    node: (row.node ?? null) as string | null,
  }));
}

/** Adds a row; of one that another tool wrote it fills in file and hash, and leaves the rest. */
export function putLedgerRow(database: Database, row: LedgerRow): void {
  database
    .prepare(
      `INSERT INTO ${ledgerTable} (version, file, sha256, applied_at, node) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (version) DO UPDATE SET file = excluded.file, sha256 = excluded.sha256`,
    )
    .run(row.version, row.file, row.sha256, row.appliedAt, row.node);
}

/** Forgets a migration that was taken back. */
export function deleteLedgerRow(database: Database, version: string): void {
  database.prepare(`DELETE FROM ${ledgerTable} WHERE version = ?`).run(version);
}
