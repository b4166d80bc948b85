import { migrationError } from './migration-error.ts';
import type { Statement } from './statements.ts';

const endsTransaction =
  'all migrations of a run share one transaction, which this would end or nest';

/**
 * Statements by their first word that a migration must not contain, and why (docs/facts.md, "Statements that LiteFS
 * cannot bear").
 */
const refusedStatements: Readonly<Record<string, string>> = {
  VACUUM: 'LiteFS cannot bear VACUUM, and it cannot run inside a transaction',
  ATTACH: 'LiteFS cannot bear a transaction over several databases',
  DETACH: 'LiteFS cannot bear a transaction over several databases',
  BEGIN: endsTransaction,
  COMMIT: endsTransaction,
  END: endsTransaction,
  ROLLBACK: endsTransaction,
  SAVEPOINT: endsTransaction,
  RELEASE: endsTransaction,
};

/** The only pragmas that neither change how the file is written nor outlive the transaction. */
const allowedPragmas: readonly string[] = ['defer_foreign_keys', 'foreign_key_check'];

/** Throws `MigrationError` at the first statement that LiteFS, or the transaction around it, cannot bear. */
export function lintStatements(file: string, statements: readonly Statement[]): void {
  for (const [index, { sql, line, tokens }] of statements.entries()) {
    const detail = whyRefused(tokens.map(({ text }) => text));
    if (detail === undefined) continue;
    throw migrationError({ file, statement: { number: index + 1, line, sql } }, detail);
  }
}

function whyRefused(texts: readonly string[]): string | undefined {
  const first = texts[0]?.toUpperCase() ?? '';
  if (first !== 'PRAGMA') return refusedStatements[first];
  const name = (texts[2] === '.' ? texts[3] : texts[1])?.toLowerCase() ?? '';
  if (allowedPragmas.includes(name)) return undefined;
  return `PRAGMA ${name} is not allowed: page size, journal and vacuum modes are set once, when the file is made`;
}
