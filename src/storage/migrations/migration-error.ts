/** Where in a migration something went wrong. */
export interface MigrationPlace {
  /** Name of the file, such as `0002_tags.sql`. */
  readonly file: string;
  /** The statement, counted from 1 within its section, and where it begins. */
  readonly statement?: { readonly number: number; readonly line: number; readonly sql: string };
}

/** Migrations that cannot be read or applied. Nothing of the run it ends took effect. */
export class MigrationError extends Error {
  override readonly name = 'MigrationError';
  readonly place: MigrationPlace;

  constructor(place: MigrationPlace, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.place = place;
  }
}

/** The error for a place; `detail` says what is wrong with the file, or with the statement if one is named. */
export function migrationError(
  place: MigrationPlace,
  detail: string,
  cause?: unknown,
): MigrationError {
  return new MigrationError(place, describe(place, detail), cause);
}

const longestExcerpt = 200;

function describe({ file, statement }: MigrationPlace, detail: string): string {
  if (statement === undefined) return `${file}: ${detail}`;
  const sql = statement.sql.replace(/\s+/g, ' ');
  const excerpt = sql.length > longestExcerpt ? `${sql.slice(0, longestExcerpt)}…` : sql;
  return `${file}, statement ${statement.number} (line ${statement.line}): ${detail} [${excerpt}]`;
}
