import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import type { Logger } from 'pino';
import { startAcknowledging } from './app/acknowledged-writes.ts';
import { openBookmarks } from './app/bookmarks.ts';
import { startClickPath } from './app/click-path.ts';
import { openFleetReports, readGuardState } from './app/fleet-reports.ts';
import { HealthNotice } from './app/health-notice.ts';
import { LeaseMoves } from './app/lease-moves.ts';
import { registerAcknowledgementMetrics } from './app/metrics/acknowledgement-metrics.ts';
import { registerBackupMetrics } from './app/metrics/backup-metrics.ts';
import { registerClickMetrics } from './app/metrics/click-metrics.ts';
import { createMetrics } from './app/metrics/metrics.ts';
import { registerWriteMetrics } from './app/metrics/write-metrics.ts';
import { takePlace } from './app/place.ts';
import { openPorts } from './app/ports.ts';
import { migrationsDirs, readRelease } from './app/release.ts';
import { openBootBackups } from './app/restore/boot-backups.ts';
import { openLiveRestore } from './app/restore/open-live-restore.ts';
import { restoreOnBoot } from './app/restore/restore-on-boot.ts';
import {
  createNoClickPath,
  neverCatchUp,
  refuseWrites,
  type ServedBackup,
} from './app/served-backup.ts';
import { startBackups } from './app/start-backups.ts';
import { startTakeOver } from './app/take-over.ts';
import { startWritePath } from './app/write-path.ts';
import { createAskPosition } from './cluster/ask-position.ts';
import { createCatchUp } from './cluster/catch-up.ts';
import { createFleetAuth } from './cluster/fleet-auth.ts';
import { deriveKeys } from './cluster/fleet-key.ts';
import { readOrCreateSecret } from './cluster/fleet-secret.ts';
import { readClaims } from './cluster/forward-claims.ts';
import { createPeerClient } from './cluster/peer-client.ts';
import { createPrimaryRoute } from './cluster/primary-route.ts';
import { findReplayOrigin } from './cluster/replay-header.ts';
import { type Config, isLoopback } from './config.ts';
import type { DestinationPolicy } from './domain/destination.ts';
import { Failure } from './domain/failure.ts';
import { createFindLink } from './domain/find-link.ts';
import type { Random } from './domain/random.ts';
import type { Rotating } from './domain/rotating.ts';
import { createNodeStatus } from './http/node-status.ts';
import { createPrivateApp } from './http/private-app.ts';
import { createHttpApp } from './http/public-app.ts';
import { createRenderProblem } from './http/render-problem.ts';
import { createLog } from './log.ts';
import { createRedirects } from './redirect/redirects.ts';
import { openClickReader } from './storage/click-reader.ts';
import { claimFolder } from './storage/folder-claim.ts';
import { newestMigration } from './storage/migrations/migration.ts';
import { openReader } from './storage/reader.ts';
import { systemClock } from './system-clock.ts';
import { assetsDir, readAssetVersion } from './web/assets.ts';
import { createPages } from './web/pages.ts';

/** A running Hoplite. Disposing stops listening, finishes what is under way and closes all that was opened, in reverse. */
export interface App extends AsyncDisposable {
  /** Origin of the public port. */
  readonly url: string;
  /** Origin of the private port. */
  readonly privateUrl: string;
  readonly log: Logger;
  /**
   * Makes ready to end: hands the lease over when this node has it, and tells whoever routes requests here. Everything
   * is still answered. Never rejects.
   */
  leave(): Promise<void>;
  /** Resolves when the app cannot go on, with the exit code that tells LiteFS what to do with the lease. */
  readonly ended: Promise<{ readonly exitCode: number }>;
}

/** How long a read waits for a busy database, milliseconds (docs/architecture.md, "Two threads, two files"). */
const readTimeoutMs = 250;

const clock = systemClock;
const random: Random = { bytes: (count) => randomBytes(count) };

/**
 * Opens every room, introduces them to each other, and listens. With `served` the databases of `config` are of that backup:
 * they are read, and nothing is written or counted.
 * Rejects, with everything closed again, when another process has the folder, when on a single machine the database
 * cannot be opened, restored or migrated, when LiteFS is not mounted at its folder, or when a port is taken.
 */
export async function startApp(config: Config, served?: ServedBackup): Promise<App> {
  await using opened = new AsyncDisposableStack();
  const { promise: ended, resolve: end } = Promise.withResolvers<{ readonly exitCode: number }>();
  const log = createLog({ ...config.log, node: config.node.id, region: config.node.region });
  const version = readRelease();
  await makeFolder(config.storage.dataDir);
  // Two processes would damage each other's spool.
  opened.use(claimFolder(config.storage.dataDir));
  if (config.fleet === undefined && served === undefined) {
    const backups = openBootBackups(config);
    await restoreOnBoot(config, { backups, log: log.child({ room: 'backup' }) });
  }

  const destinationPolicy: DestinationPolicy = {
    ownHosts: [new URL(config.http.baseUrl).hostname],
    allowPrivate: config.links.allowPrivateDestinations,
  };
  const reader = opened.use(
    openReader({
      file: config.storage.linksFile,
      timeoutMs: readTimeoutMs,
      keepsPages: config.fleet === undefined,
    }),
  );
  const clicks = opened.use(
    openClickReader({ file: config.storage.clicksFile, timeoutMs: readTimeoutMs }),
  );
  const place = await takePlace(config, {
    reader,
    clock,
    log,
    opened,
    readsOnly: served !== undefined,
    onDeadMount(error) {
      log.fatal({ err: error }, 'litefs is gone from its mount');
      end({ exitCode: 1 });
    },
  });
  const { cluster, stamp, onCommit, ownHistory, readPositions, guard } = place;
  const secrets: Rotating<string> = config.fleet?.secrets ?? [
    await readOrCreateSecret(config.storage.dataDir, random),
  ];
  const replayStateKeys = deriveKeys(secrets, 'replay-state');
  const auth = createFleetAuth({ secrets, node: config.node.id, clock, random });

  if (config.http.access === 'open' && !isLoopback(new URL(config.http.baseUrl).hostname)) {
    log.warn({ baseUrl: config.http.baseUrl }, 'everybody may list and create links');
  }
  const metrics = createMetrics({
    cluster,
    isWriterOpen: () => writers.isOpen,
    redirects: () => redirects,
    bookmarksWaiting: () => bookmarks.waiting,
  });
  const peers = opened.use(createPeerClient({ cluster, auth }));
  const acknowledged = startAcknowledging(config, {
    guard,
    cluster,
    peers,
    clock,
    observe: registerAcknowledgementMetrics(metrics.registry, () => acknowledged.figures()),
    log,
    opened,
  });
  const { writers, heldWriters, hold, failedMigrations } = await startWritePath(config, {
    cluster,
    acknowledged,
    destinationPolicy,
    clock,
    random,
    // With 0 LiteFS gives the lease back at once, so that another candidate can write. Alone it is a failure.
    onOpenFailed: () => end({ exitCode: config.fleet === undefined ? 1 : 0 }),
    log,
    opened,
  });
  const candidates = () => guard?.view()?.candidates.map(({ node }) => node) ?? [];
  const bookmarks = openBookmarks(config, {
    cluster,
    secrets,
    auth,
    ownHistory,
    onCommit,
    candidates,
    clock,
    log,
    opened,
  });
  const clusterLog = log.child({ room: 'cluster' });
  const askPosition = createAskPosition({ peers, log: clusterLog });
  const moves = new LeaseMoves({
    cluster,
    guard,
    writers,
    peers,
    askPosition,
    readPositions,
    clock,
    log: clusterLog,
  });
  const notice = new HealthNotice({ clock, noticeMs: config.healthNoticeMs });
  const catchUp =
    served !== undefined
      ? neverCatchUp(served)
      : createCatchUp({
          cluster,
          writerState: writers,
          ask: askPosition,
          ownProgress: ownHistory,
          onCommit,
          clock,
        });
  const findLink = createFindLink({ links: reader.links, catchUp });
  const askReports = openFleetReports(config, { cluster, auth, candidates, log, opened });
  const guardState = () => readGuardState(guard, clock);
  const backups = startBackups(served === undefined ? config.backup : undefined, {
    cluster,
    isAlone: config.fleet === undefined,
    stamp,
    guardState,
    askReports,
    clock,
    random,
    log,
    opened,
  });
  const clickPath =
    served !== undefined
      ? createNoClickPath()
      : await startClickPath(config, {
          cluster,
          clicks,
          writers,
          onEpoch: place.onEpoch,
          peers,
          clock,
          random,
          heldForMs: () => backups.heldForMs(),
          log,
          opened,
        });

  const assetVersion = readAssetVersion();
  const pages = createPages(assetVersion);
  const renderProblem = createRenderProblem({ baseUrl: config.http.baseUrl, pages, random });
  registerClickMetrics(metrics.registry, clickPath.figures);
  registerBackupMetrics(metrics.registry, () => backups.figures());
  registerWriteMetrics(metrics.registry, { hold, readHandoffs: () => moves.readCounts() });
  const redirects = createRedirects({
    store: reader.redirects,
    recorder: clickPath.recorder,
    stamp,
    catchUp,
    clock,
    destinationPolicy,
    renderProblem,
    cacheMaxBytes: config.redirect.cacheMaxBytes,
    observe: metrics.countHits,
    log: log.child({ room: 'redirect' }),
  });

  const known = {
    links: newestMigration(migrationsDirs.links),
    clicks: newestMigration(migrationsDirs.clicks),
  };
  const database = {
    schemaVersion: () => reader.schemaVersion(),
    epoch: async () => reader.epochs()?.newest,
    // The last two schemas: a new release meets the old one until the primary has migrated.
    isKnownSchema: (schemaVersion: number) => schemaVersion >= known.links - 1,
  };
  const readStatus = createNodeStatus({
    cluster,
    database,
    writeState: acknowledged.state,
    guardState,
    clicks: () => {
      const { unconfirmedClicks, oldestUnconfirmedMs } = clickPath.figures().spool;
      return { unconfirmed: unconfirmedClicks, oldestMs: oldestUnconfirmedMs };
    },
    backup: () => backups.state(),
    version,
    servesBackupOf: served?.takenAt,
    clock,
  });
  const publicApp = createHttpApp({
    settings: { ...config.http, slugCase: config.links.slugCase, destinationPolicy },
    version,
    links: reader.links,
    keys: reader.keys,
    clicks,
    findLink,
    catchUp,
    ...(served === undefined
      ? { writers: heldWriters, writeHold: hold, signsInHere: false }
      : { ...refuseWrites(served), signsInHere: true }),
    bookmarks,
    cluster,
    primaryRoute: createPrimaryRoute({
      cluster,
      mode: config.fleet?.replay ?? 'forward',
      replayMaxBytes: config.fleet?.replayMaxBytes ?? 0,
      auth,
      replayStateKeys,
      clock,
      log: clusterLog,
    }),
    database,
    notice,
    readStatus,
    askReports,
    sessionSecrets: secrets,
    pages,
    renderProblem,
    assets: { dir: assetsDir, version: assetVersion },
    clock,
    random,
    log: log.child({ room: 'http' }),
    observe: metrics.observeRequest,
    findReplayOrigin: ({ headers }) => findReplayOrigin(replayStateKeys, headers, clock.now()),
  });
  const privateApp = createPrivateApp({
    publicApp,
    fleet: auth,
    readClaims,
    cluster,
    primaryProgress: () => writers.progress(),
    bookmarks,
    isWriterOpen: () => writers.isOpen,
    receiveClicks: clickPath.receive,
    readCopy: () => moves.readCopy(),
    handOver: (to) => moves.handOver(to),
    orderHandoff: (to) => moves.order(to),
    restore: await openLiveRestore(config, {
      cluster,
      writers,
      peers,
      readPositions,
      readers: [reader, clicks, { reopen: clickPath.compareAnew }],
      clock,
      log,
    }),
    readStatus,
    metrics: metrics.registry,
    renderProblem,
    random,
    log: log.child({ room: 'http' }),
  });

  const { url, privateUrl } = await openPorts(config, {
    publicApp,
    privateApp,
    redirects,
    metrics,
    opened,
  });
  const takeOver =
    guard &&
    opened.use(
      startTakeOver({
        cluster,
        guard,
        peers,
        known,
        links: reader,
        clicks,
        isKnownSchema: database.isKnownSchema,
        hasFailed: () => failedMigrations.haveFailed(),
        log: clusterLog,
      }),
    );
  log.info({ url, privateUrl, role: cluster.role().is, version }, 'listening');
  const resources = opened.move();
  return {
    url,
    privateUrl,
    log,
    ended,
    async leave() {
      // Who is about to end wants the lease no more.
      await takeOver?.[Symbol.asyncDispose]();
      await moves.leave();
      await notice.leave();
    },
    async [Symbol.asyncDispose]() {
      await resources.disposeAsync();
      log.info('closed');
    },
  };
}

async function makeFolder(dataDir: string): Promise<void> {
  try {
    await mkdir(dataDir, { recursive: true });
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new Failure('unavailable', `DATA_DIR (${dataDir}) is no folder: ${code}.`, {}, cause);
  }
}
