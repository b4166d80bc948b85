import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseName } from '../domain/database-name.ts';

const root = join(import.meta.dirname, '../..');

/** The version of this program. */
export function readRelease(): string {
  return JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version;
}

/** Where the migrations of each database lie that came with this program. */
export const migrationsDirs: Readonly<Record<DatabaseName, string>> = {
  links: join(root, 'migrations/links'),
  clicks: join(root, 'migrations/clicks'),
};
