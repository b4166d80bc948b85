import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs';
import type { Database } from 'better-sqlite3';
import { sizeOfFiles } from './file-sizes.ts';

/**
 * Says in words why a file is no whole SQLite database in DELETE mode, from its first bytes and what lies beside it;
 * `undefined` when it is one. For files outside of any mount, which nobody writes to.
 */
export function findFaultOfHeader(file: string): string | undefined {
  if (!existsSync(file)) return 'there is no such file';
  if (statSync(file).isDirectory()) return 'it is a folder';
  for (const suffix of ['-journal', '-wal']) {
    const beside = `${file}${suffix}`;
    if (sizeOfFiles(beside) > 0) {
      return `it is not whole without ${beside}; copy it with VACUUM INTO while nothing writes to it`;
    }
  }
  const header = readHeader(file);
  if (header === undefined) return 'it is not a SQLite database';
  // Write and read version: 1 for a rollback journal, 2 for WAL (sqlite.org/fileformat.html, "The Database Header").
  if (header[18] !== 1 || header[19] !== 1) {
    return 'it is in WAL mode, which loses acknowledged commits on LiteFS; copy it with VACUUM INTO, which writes a file in DELETE mode';
  }
  return undefined;
}

function readHeader(file: string): Buffer | undefined {
  const header = Buffer.alloc(100);
  const fd = openSync(file, 'r');
  try {
    const bytes = readSync(fd, header, 0, header.length, 0);
    return bytes === 100 && header.toString('latin1', 0, 16) === 'SQLite format 3\0'
      ? header
      : undefined;
  } finally {
    closeSync(fd);
  }
}

/** Reads all of a database and says in words what is damaged; `undefined` when nothing is. */
export function findDamage(database: Database): string | undefined {
  const found = database.pragma('integrity_check(1)', { simple: true });
  if (found !== 'ok') return `it is damaged: ${found}`;
  const broken = database.pragma('foreign_key_check') as { readonly table: string }[];
  return broken.length === 0
    ? undefined
    : `it is damaged: rows of ${broken[0]?.table} refer to none`;
}
