import { readLedger } from './migrations/ledger.ts';
import type { ReaderConnection } from './reader-connection.ts';

/** Number of the newest migration; `undefined` without a database. Rejects with `unavailable` when busy. */
export async function readSchemaVersion(connection: ReaderConnection): Promise<number | undefined> {
  const ledger = await connection.readIfPresent((c) => readLedger(c.database));
  const newest = ledger?.value.at(-1);
  return newest === undefined ? undefined : Number(newest.version);
}
