import { randomBytes } from 'node:crypto';
import { createApiKeys } from '../domain/api-keys.ts';
import { toEpochTag } from '../domain/epoch-tag.ts';
import { Failure } from '../domain/failure.ts';
import { createLinks } from '../domain/links.ts';
import { outcomeUnknown } from '../domain/outcome-unknown.ts';
import type { Position } from '../domain/position.ts';
import type { ClickCommands, WriterCommands } from '../domain/writer.ts';
import { createApiKeyWriteStore } from './api-key-write-store.ts';
import { createClickCommands } from './click-commands.ts';
import { Connection } from './connection.ts';
import { reconcileDefaultDomain } from './default-domain.ts';
import { raiseEpoch } from './epoch.ts';
import { GroupCommit } from './group-commit.ts';
import { createIdempotencyStore } from './idempotency-store.ts';
import { withLargeCache } from './large-cache.ts';
import { createLinkWriteStore } from './link-write-store.ts';
import { readLedger } from './migrations/ledger.ts';
import { type Migration, readMigrations } from './migrations/migration.ts';
import { applyPending } from './migrations/run.ts';
import { openWritable } from './open-writable.ts';
import { PositionFile, type PositionSource } from './position-file.ts';
import { renewSchemaCookie } from './schema-cookie.ts';
import { isSqliteError } from './sqlite-error.ts';
import type { WriterOptions, WrittenDatabase } from './writer-options.ts';

/** How long a command waits for a lock, milliseconds: less than whoever asked for it waits for the answer. */
const lockTimeoutMs = 2_000;

/** What is known once the writer may write. */
export interface Opened {
  readonly epoch: number;
  /** Tells the epoch from another one of the same number. */
  readonly epochTag: string;
  /** Of `links.db` after the transaction that began the epoch; `undefined` alone. */
  readonly position: Position | undefined;
  /** Number of the newest migration of `links.db`, which may be newer than this release knows. */
  readonly schemaVersion: number;
}

/** Tells the positions of both databases; `undefined` alone. */
export interface WriterPositions {
  readonly links: PositionSource | undefined;
  readonly clicks: PositionSource | undefined;
}

/** An open writer, in whichever thread it runs. */
export interface WriterSession extends Disposable {
  readonly opened: Opened;
  /** Commits to `links.db`. */
  readonly commits: GroupCommit;
  /** Commits to `clicks.db`. */
  readonly counts: GroupCommit<ClickCommands>;
}

/**
 * Opens both databases for writing: applies pending migrations, those of `links.db` first, then begins this primary's
 * epoch and makes the default domain what the configuration says, both in one transaction.
 *
 * Throws `MigrationError`; `conflict` when the configuration and the database cannot meet; `unavailable` when
 * the position does not show that the epoch began; SQLite's errors pass.
 */
export function openWriterSession(
  options: WriterOptions,
  positions: WriterPositions = {
    links: toPositionFile(options),
    clicks: toPositionFile(options.clicks),
  },
): WriterSession {
  using stack = new DisposableStack();
  if (positions.links !== undefined) stack.use(positions.links);
  if (positions.clicks !== undefined) stack.use(positions.clicks);
  const migrations = readMigrations(options.migrationsDir);
  const clickMigrations = readMigrations(options.clicks.migrationsDir);
  const now = Date.now();
  const links = stack.use(
    naming(options.file, () => openMigrated(options, options, migrations, now)),
  );
  stack.defer(() => checkpoint(links));
  const clicks = stack.use(
    naming(options.clicks.file, () => openMigrated(options, options.clicks, clickMigrations, now)),
  );
  stack.defer(() => checkpoint(clicks));
  const opened = naming(options.file, () => beginEpoch(links, options, positions.links, now));
  links.database.pragma(`busy_timeout = ${lockTimeoutMs}`);
  clicks.database.pragma(`busy_timeout = ${lockTimeoutMs}`);
  const commits = new GroupCommit({
    connection: links,
    commands: createCommands(links, options),
    position: positions.links,
    openedAt: opened.position,
  });
  const counts = new GroupCommit({
    connection: clicks,
    commands: createClickCommands(clicks),
    position: positions.clicks,
    openedAt: readPosition(clicks, positions.clicks),
  });
  const resources = stack.move();
  return { opened, commits, counts, [Symbol.dispose]: () => resources.dispose() };
}

/**
 * Empties the WAL into the database, so that its file is all there is to copy. SQLite does so when the last connection
 * is closed, but not when that one is readonly.
 */
function checkpoint({ database }: Connection): void {
  try {
    if (database.pragma('journal_mode', { simple: true }) === 'wal') {
      database.pragma('wal_checkpoint(TRUNCATE)');
    }
  } catch (error) {
    // What is committed is in the WAL all the same.
    if (!isSqliteError(error)) throw error;
  }
}

function toPositionFile({ positionFile }: WrittenDatabase): PositionFile | undefined {
  return positionFile === undefined ? undefined : new PositionFile(positionFile);
}

function openMigrated(
  { journalMode, node }: WriterOptions,
  { file }: WrittenDatabase,
  migrations: readonly Migration[],
  now: number,
): Connection {
  const connection = new Connection(openWritable({ file, journalMode }));
  try {
    // Pages of another history would be trusted (docs/facts.md, "Pages go stale without a trace").
    connection.execute('PRAGMA shrink_memory');
    renewSchemaCookie(connection.database);
    applyPending(connection.database, migrations, { node, now });
    return connection;
  } catch (error) {
    connection[Symbol.dispose]();
    throw error;
  }
}

/** Has what a person can mend say which file it is about; other errors pass as they are. */
function naming<T>(file: string, open: () => T): T {
  try {
    return open();
  } catch (error) {
    if (isSqliteError(error, 'NOTADB')) {
      throw new Failure('conflict', `${file} is not a SQLite database.`, {}, error);
    }
    if (isSqliteError(error, 'FULL')) {
      throw new Failure('unavailable', `There is no room on the disk of ${file}.`, {}, error);
    }
    throw error;
  }
}

function beginEpoch(
  connection: Connection,
  options: WriterOptions,
  position: PositionSource | undefined,
  now: number,
): Opened {
  const before = position?.read();
  const row = connection.database
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
  return {
    epoch: row.epoch,
    epochTag: toEpochTag(row),
    position: after,
    schemaVersion: Number(newest?.version ?? 0),
  };
}

/**
 * The position that this writer's first transaction starts from. Pages that were read before it are shed: they may be of
 * an earlier one.
 */
function readPosition(
  connection: Connection,
  position: PositionSource | undefined,
): Position | undefined {
  const current = position?.read();
  connection.execute('PRAGMA shrink_memory');
  return current;
}

function createCommands(connection: Connection, options: WriterOptions): WriterCommands {
  const clock = { now: () => Date.now() };
  const links = createLinks({
    store: createLinkWriteStore(connection),
    idempotency: createIdempotencyStore(connection),
    clock,
    random: { bytes: (count) => randomBytes(count) },
    destinationPolicy: options.links.destinationPolicy,
    minSlugLength: options.links.minSlugLength,
  });
  return {
    ...links,
    importLinks: (input) => withLargeCache(connection, () => links.importLinks(input)),
    ...createApiKeys({ store: createApiKeyWriteStore(connection), clock }),
  };
}
