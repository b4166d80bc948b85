import { join } from 'node:path';
import type { Logger } from 'pino';
import { holdWrites } from '../cluster/held-writer.ts';
import { readCandidacy } from '../cluster/litefs-info.ts';
import { PrimaryWriter } from '../cluster/primary-writer.ts';
import { MovingLeaseHold } from '../cluster/write-hold.ts';
import type { Config } from '../config.ts';
import type { Clock } from '../domain/clock.ts';
import type { Cluster } from '../domain/cluster.ts';
import type { DestinationPolicy } from '../domain/destination.ts';
import type { Random } from '../domain/random.ts';
import type { WriterSource } from '../domain/writer.ts';
import { FailedMigrations } from '../storage/migrations/failed-migrations.ts';
import { MigrationError } from '../storage/migrations/migration-error.ts';
import { SpareWriters } from '../storage/spare-writers.ts';
import type { WriterOptions } from '../storage/writer-options.ts';
import type { AcknowledgedWrites } from './acknowledged-writes.ts';
import { migrationsDirs } from './release.ts';

const candidacyTimeoutMs = 1_000;

/** The path of a write on this node. */
export interface WritePath {
  readonly writers: PrimaryWriter;
  /** The same for requests, whose writes wait while the lease moves. */
  readonly heldWriters: WriterSource;
  readonly hold: MovingLeaseHold;
  /** Whether the migrations of this release have failed on this node. */
  readonly failedMigrations: FailedMigrations;
}

/**
 * Starts what writes on this node while it is primary. Alone it resolves once the writer is open, and rejects when it
 * cannot be; in a fleet it resolves at once, since a node redirects without a primary.
 */
export async function startWritePath(
  config: Config,
  parts: {
    readonly cluster: Cluster;
    readonly acknowledged: AcknowledgedWrites;
    readonly destinationPolicy: DestinationPolicy;
    /** Called when this node holds a lease that it cannot use. */
    readonly onOpenFailed: () => void;
    readonly clock: Clock;
    readonly random: Random;
    readonly log: Logger;
    readonly opened: AsyncDisposableStack;
  },
): Promise<WritePath> {
  const { cluster, clock, random, opened, log } = parts;
  const options = toWriterOptions(config, parts.destinationPolicy);
  const failed = new FailedMigrations(
    join(config.storage.dataDir, 'failed-migrations'),
    Object.values(migrationsDirs),
  );
  const firstWriter = Promise.withResolvers<void>();
  const spares = opened.use(new SpareWriters());
  const writers = opened.use(
    new PrimaryWriter({
      cluster,
      mayWrite: parts.acknowledged.mayWrite,
      async open() {
        const writer = await spares.open(options);
        failed.noteSuccess();
        firstWriter.resolve();
        return parts.acknowledged.wrap(writer);
      },
      onOpenFailed(error) {
        log.fatal({ err: error }, 'cannot write as primary');
        if (error instanceof MigrationError) noteFailure(failed, log);
        firstWriter.reject(error);
        parts.onOpenFailed();
      },
      log: log.child({ room: 'cluster' }),
    }),
  );
  if (config.fleet === undefined) {
    // A node that shows a backup is never primary, and never has a writer.
    if (cluster.role().is === 'primary') await firstWriter.promise;
  } else {
    firstWriter.promise.catch(() => undefined);
    opened.defer(keepSpareOnCandidate(cluster, config.fleet.litefsUrl, spares));
  }
  const hold = opened.use(
    new MovingLeaseHold({
      cluster,
      takesWrites: () => writers.isOpen && parts.acknowledged.mayWrite(),
      holdMs: config.writes.holdMs,
      clock,
      random,
    }),
  );
  const heldWriters = holdWrites({ cluster, writers, hold });
  return { writers, heldWriters, hold, failedMigrations: failed };
}

function noteFailure(failed: FailedMigrations, log: Logger): void {
  try {
    failed.noteFailure();
  } catch (err) {
    // After a restart this node will ask for the lease once more.
    log.error({ err }, 'failed migrations not noted');
  }
}

/** Has the next writer's thread loaded while this node may become primary at any moment. Returns the way to stop. */
function keepSpareOnCandidate(
  cluster: Cluster,
  litefsUrl: string,
  spares: SpareWriters,
): () => void {
  let isCandidate: Promise<boolean> | undefined;
  const follow = async () => {
    if (cluster.role().is !== 'replica') return;
    isCandidate ??= readCandidacy(litefsUrl, AbortSignal.timeout(candidacyTimeoutMs)).catch(() => {
      // Asked again at the next change of role. A spare saves time and is needed for nothing.
      isCandidate = undefined;
      return false;
    });
    if ((await isCandidate) && cluster.role().is === 'replica') spares.keep(true);
  };
  void follow();
  return cluster.onRole(() => void follow());
}

/** The writer that a configuration asks for. */
export function toWriterOptions(
  config: Config,
  destinationPolicy: DestinationPolicy,
): WriterOptions {
  const { linksFile, clicksFile, journalMode } = config.storage;
  const isFleet = config.fleet !== undefined;
  return {
    file: linksFile,
    journalMode,
    positionFile: isFleet ? `${linksFile}-pos` : undefined,
    migrationsDir: migrationsDirs.links,
    clicks: {
      file: clicksFile,
      positionFile: isFleet ? `${clicksFile}-pos` : undefined,
      migrationsDir: migrationsDirs.clicks,
    },
    node: config.node.id,
    domain: { host: new URL(config.http.baseUrl).host, slugCase: config.links.slugCase },
    links: { minSlugLength: config.links.minSlugLength, destinationPolicy },
  };
}
