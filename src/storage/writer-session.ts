import { randomBytes } from 'node:crypto';
import { createApiKeys } from '../domain/api-keys.ts';
import { createLinks } from '../domain/links.ts';
import type { Position } from '../domain/position.ts';
import { createApiKeyWriteStore } from './api-key-write-store.ts';
import { Connection } from './connection.ts';
import { reconcileDefaultDomain } from './default-domain.ts';
import { raiseEpoch } from './epoch.ts';
import { GroupCommit } from './group-commit.ts';
import { createIdempotencyStore } from './idempotency-store.ts';
import { createLinkWriteStore } from './link-write-store.ts';
import { readLedger } from './migrations/ledger.ts';
import { readMigrations } from './migrations/migration.ts';
import { applyPending } from './migrations/run.ts';
import { openWritable } from './open-writable.ts';
import { PositionFile, type PositionSource } from './position-file.ts';
import { outcomeUnknown } from './write-failures.ts';
import type { WriterOptions } from './writer-options.ts';

/** How long a command waits for a lock, milliseconds: less than whoever asked for it waits for the answer. */
const lockTimeoutMs = 2_000;

/** What is known once the writer may write. */
export interface Opened {
  readonly epoch: number;
  /** Of `links.db` after the transaction that began the epoch; `undefined` alone. */
  readonly position: Position | undefined;
  /** Number of the newest migration, which may be newer than this release knows. */
  readonly schemaVersion: number;
}

/** An open writer, in whichever thread it runs. */
export interface WriterSession extends Disposable {
  readonly opened: Opened;
  readonly commits: GroupCommit;
}

/**
 * Opens the database for writing: applies pending migrations, then begins this primary's epoch and makes
 * the default domain what the configuration says, both in one transaction.
 *
 * Throws `MigrationError`; `conflict` when the configuration and the database cannot meet; `unavailable` when
 * the position does not show that the epoch began; SQLite's errors pass.
 */
export function openWriterSession(
  options: WriterOptions,
  position: PositionSource | undefined = toPositionFile(options),
): WriterSession {
  const migrations = readMigrations(options.migrationsDir);
  const connection = new Connection(openWritable(options));
  try {
    // Pages that another connection of LiteFS's history left behind would be trusted (litefs-facts section 12).
    connection.execute('PRAGMA shrink_memory');
    const now = Date.now();
    applyPending(connection.database, migrations, { node: options.node, now });
    const opened = beginEpoch(connection, options, position, now);
    connection.database.pragma(`busy_timeout = ${lockTimeoutMs}`);
    const commits = new GroupCommit({
      connection,
      commands: createCommands(connection, options),
      position,
      openedAt: opened.position,
    });
    return { opened, commits, [Symbol.dispose]: close };
  } catch (error) {
    close();
    throw error;
  }

  function close(): void {
    connection[Symbol.dispose]();
    position?.[Symbol.dispose]();
  }
}

function toPositionFile({ positionFile }: WriterOptions): PositionFile | undefined {
  return positionFile === undefined ? undefined : new PositionFile(positionFile);
}

function beginEpoch(
  connection: Connection,
  options: WriterOptions,
  position: PositionSource | undefined,
  now: number,
): Opened {
  const before = position?.read();
  const epoch = connection.database
    .transaction(() => {
      const raised = raiseEpoch(connection, options.node, now);
      reconcileDefaultDomain(connection, options.domain, now);
      return raised;
    })
    .immediate();
  const after = position?.read();
  const hasAdvanced = after !== undefined && (before === undefined || after.txid > before.txid);
  if (position !== undefined && !hasAdvanced) throw outcomeUnknown();
  const newest = readLedger(connection.database).at(-1);
  return { epoch, position: after, schemaVersion: Number(newest?.version ?? 0) };
}

function createCommands(connection: Connection, options: WriterOptions) {
  const clock = { now: () => Date.now() };
  return {
    ...createLinks({
      store: createLinkWriteStore(connection),
      idempotency: createIdempotencyStore(connection),
      clock,
      random: { bytes: (count) => randomBytes(count) },
      destinationPolicy: options.links.destinationPolicy,
      minSlugLength: options.links.minSlugLength,
    }),
    ...createApiKeys({ store: createApiKeyWriteStore(connection), clock }),
  };
}
