const { closeSync, openSync, readdirSync, readSync, fstatSync } =
  process.getBuiltinModule('node:fs');
const { join } = process.getBuiltinModule('node:path');

const ltxName = /^[0-9a-f]{16}-([0-9a-f]{16})\.ltx$/;
/** Of an LTX file with no page: its header and trailer (`ltx.go` of superfly/ltx). */
const minLtxBytes = 116;
const headerBytes = 100;

/** The transactions that LiteFS keeps of a database, oldest first. */
export function listTransactions(databaseDir: string): string[] {
  const names = ifThere(() => readdirSync(join(databaseDir, 'ltx'))) ?? [];
  return names.filter((name) => ltxName.test(name)).sort((a, b) => compare(endOf(a), endOf(b)));
}

/**
 * Says in words why LiteFS cannot use a database of its data folder that has transactions; `undefined` when nothing is
 * seen. LiteFS deletes a database whose file begins with anything but SQLite's header, transactions included, and goes on
 * as if the volume were empty (`db.go`, `initFromDatabaseHeader`); on a torn newest transaction it ends. What is torn
 * further back it finds by its checksums, and ends. An absent or empty file is none: LiteFS fills it from a snapshot.
 */
export function findDamage(databaseDir: string): string | undefined {
  const newest = listTransactions(databaseDir).at(-1);
  if (newest === undefined) return undefined;
  const ltx = join(databaseDir, 'ltx', newest);
  const transaction = readStart(ltx);
  if (transaction === undefined) return undefined;
  if (transaction.bytes < minLtxBytes || !transaction.start.startsWith('LTX1')) {
    return `${ltx} (${transaction.bytes} bytes) is no transaction of LiteFS`;
  }
  const file = join(databaseDir, 'database');
  const database = readStart(file);
  if (database === undefined || database.bytes === 0) return undefined;
  return database.bytes < headerBytes || !database.start.startsWith('SQLite format 3\0')
    ? `${file} (${database.bytes} bytes) is no SQLite database`
    : undefined;
}

function readStart(file: string): { readonly bytes: number; readonly start: string } | undefined {
  const fd = ifThere(() => openSync(file, 'r'));
  if (fd === undefined) return undefined;
  try {
    const start = Buffer.alloc(16);
    readSync(fd, start, 0, start.length, 0);
    return { bytes: fstatSync(fd).size, start: start.toString('latin1') };
  } finally {
    closeSync(fd);
  }
}

function endOf(name: string): string {
  return ltxName.exec(name)?.[1] ?? '';
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

function ifThere<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
