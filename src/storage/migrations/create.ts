import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from '../../domain/failure.ts';
import { newestMigration } from './migration.ts';

/**
 * Writes an empty migration with the next number and gives its path. Throws `invalid` at `/name` for a name
 * without letters or digits.
 */
export function createMigration(options: {
  readonly migrationsDir: string;
  readonly name: string;
}): string {
  const name = options.name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_|_$/g, '');
  if (name === '') {
    const detail = 'The name of a migration has letters or digits.';
    throw new Failure('invalid', detail, { errors: [{ pointer: '/name', detail }] });
  }
  const version = String(newestMigration(options.migrationsDir) + 1).padStart(4, '0');
  const path = join(options.migrationsDir, `${version}_${name}.sql`);
  writeFileSync(path, '-- migrate:up\n\n\n-- migrate:down\n\n', { flag: 'wx' });
  return path;
}
