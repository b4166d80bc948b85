import { hash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { lintStatements } from './lint.ts';
import { migrationError } from './migration-error.ts';
import { type Statement, splitStatements } from './statements.ts';

/** A file of a migrations folder, in dbmate's format. */
export interface Migration {
  readonly number: number;
  /** The number as the file has it, four digits; what dbmate calls the version. */
  readonly version: string;
  /** `0001_links.sql`. */
  readonly file: string;
  /** Of the whole file, hex. */
  readonly sha256: string;
  readonly up: readonly Statement[];
  readonly down: readonly Statement[];
}

/** The declared result of all migrations, beside them. */
export const schemaFile = 'schema.sql';

const fileName = /^(\d{4})_[a-z0-9_]+\.sql$/;

/** Reads a folder in the order of its numbers. Throws `MigrationError` for a file that cannot be used. */
export function readMigrations(folder: string): Migration[] {
  const files = readdirSync(folder)
    .filter((file) => file.endsWith('.sql') && file !== schemaFile)
    .sort();
  const migrations = files.map((file) => parseMigration(file, readFileSync(join(folder, file))));
  for (const [index, { file, version }] of migrations.entries()) {
    if (migrations[index - 1]?.version === version) {
      throw migrationError({ file }, `another file has the number ${version} too.`);
    }
  }
  return migrations;
}

/** The number of the newest migration of a folder: the schema that this release was written for. */
export function newestMigration(folder: string): number {
  return readMigrations(folder).at(-1)?.number ?? 0;
}

/** Parses one file: `-- migrate:up`, its statements, `-- migrate:down`, its statements. */
function parseMigration(file: string, content: Buffer): Migration {
  const version = fileName.exec(file)?.[1];
  if (version === undefined || version === '0000') {
    throw migrationError({ file }, 'a migration is called NNNN_name.sql, from 0001 on.');
  }
  const { up, down } = cutSections(file, content.toString('utf8'));
  lintStatements(file, up);
  lintStatements(file, down);
  return {
    number: Number(version),
    version,
    file,
    sha256: hash('sha256', content),
    up,
    down,
  };
}

const marker = /^--[^\S\n]*migrate:(\w+)[^\S\n]*(.*?)[^\S\n]*\r?$/gm;

function cutSections(file: string, text: string): Pick<Migration, 'up' | 'down'> {
  const [up, down, ...more] = [...text.matchAll(marker)];
  if (up?.[1] !== 'up' || down?.[1] !== 'down' || more.length > 0) {
    throw migrationError(
      { file },
      'it needs one line "-- migrate:up" and after it one line "-- migrate:down".',
    );
  }
  if (up[2] !== '' || down[2] !== '') {
    throw migrationError(
      { file },
      'options such as transaction:false are refused: all migrations of a run share one transaction.',
    );
  }
  if (splitStatements(text.slice(0, up.index), 1).length > 0) {
    throw migrationError({ file }, 'there are statements before "-- migrate:up".');
  }
  const section = (from: number, to: number): Statement[] =>
    splitStatements(text.slice(from, to), text.slice(0, from).split('\n').length);
  return { up: section(up.index, down.index), down: section(down.index, text.length) };
}
