import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import type { NodeProcess } from '../../scripts/cluster/node-process.ts';

/** What a node's copy of links.db says about migrations and primaries. */
export interface Ledger {
  readonly migrations: readonly { readonly file: string; readonly node: string }[];
  readonly epochs: readonly { readonly epoch: number; readonly node: string }[];
}

/** Takes a copy of a node's links.db out of LiteFS and reads its ledgers. */
export async function readLedger(node: NodeProcess): Promise<Ledger> {
  const dir = mkdtempSync(join(tmpdir(), 'hoplite-export-'));
  try {
    const file = join(dir, 'links.db');
    const response = await fetch(`${node.liteFsUrl}/export?name=links.db`);
    writeFileSync(file, new Uint8Array(await response.arrayBuffer()));
    using database = closing(new Database(file, { readonly: true }));
    return {
      migrations: database.prepare('SELECT file, node FROM schema_migrations').all() as {
        file: string;
        node: string;
      }[],
      epochs: database.prepare('SELECT epoch, node FROM epochs').all() as {
        epoch: number;
        node: string;
      }[],
    };
  } finally {
    rmSync(dir, { recursive: true });
  }
}

function closing(database: Database.Database): Database.Database & Disposable {
  return Object.assign(database, { [Symbol.dispose]: () => database.close() });
}
