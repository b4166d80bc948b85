import type { Server } from 'node:http';
import type { Express } from 'express';
import { pino } from 'pino';
import { createAskNobody } from '../../src/cluster/ask-fleet.ts';
import { type BookmarksOptions, createBookmarks } from '../../src/cluster/bookmarks.ts';
import { holdWrites } from '../../src/cluster/held-writer.ts';
import { createOwnHistory } from '../../src/cluster/own-history.ts';
import { MovingLeaseHold } from '../../src/cluster/write-hold.ts';
import type { Clock } from '../../src/domain/clock.ts';
import { Failure } from '../../src/domain/failure.ts';
import { createFindLink } from '../../src/domain/find-link.ts';
import { NotPrimary } from '../../src/domain/not-primary.ts';
import type { Pages } from '../../src/domain/pages.ts';
import type { Role } from '../../src/domain/role.ts';
import type { Writer } from '../../src/domain/writer.ts';
import type { DatabaseState } from '../../src/http/node-status.ts';
import { createNodeStatus } from '../../src/http/node-status.ts';
import type { PrimaryRoute } from '../../src/http/primary-route.ts';
import { createHttpApp, type HttpParts, type HttpSettings } from '../../src/http/public-app.ts';
import { createRenderProblem } from '../../src/http/render-problem.ts';
import { openReader } from '../../src/storage/reader.ts';
import { startWriter } from '../../src/storage/writer.ts';
import { systemClock } from '../../src/system-clock.ts';
import { assetsDir, readAssetVersion } from '../../src/web/assets.ts';
import { createPages } from '../../src/web/pages.ts';
import { eventually } from './eventually.ts';
import { FakeCluster } from './fake-cluster.ts';
import { listen } from './listen.ts';
import { MemoryClickReader } from './memory-click-reader.ts';
import { seededRandom } from './seeded-random.ts';
import { TestFolder, writerOptions } from './test-database.ts';
import { createValidatedClient, type ValidatedClient } from './validated-client.ts';

/** The admin key of test apps. */
export const testAdminKey = 'test-admin-key-0123456789';

/** The key of the bookmarks of test apps. */
export const testBookmarkKey = Buffer.from('the key of all bookmarks');

/** A request that an app sent to its primary. */
export interface Passed {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly arrivedAt: string;
  readonly caller: string;
  readonly clientAddress: string;
  readonly body: string | undefined;
}

/** What a test may set; the rest is a primary in open mode with an empty database. */
export interface TestAppOptions {
  readonly settings?: Partial<HttpSettings>;
  readonly role?: Role;
  /** By default one of its own, with the role given. */
  readonly cluster?: FakeCluster;
  readonly clock?: Clock;
  /** How long writes wait for the lease to have moved, real milliseconds; default 20. */
  readonly holdMs?: number;
  readonly pages?: Partial<Pages>;
  readonly bookmarks?: Partial<BookmarksOptions>;
  readonly parts?: (parts: HttpParts) => Partial<HttpParts>;
  /** What this node's copy says of itself; by default what the database says. */
  readonly database?: Partial<DatabaseState>;
}

/** The public app of one node with a real database, listening on loopback. */
export interface TestApp extends AsyncDisposable {
  readonly app: Express;
  readonly parts: HttpParts;
  readonly server: Server;
  readonly port: number;
  readonly client: ValidatedClient;
  readonly cluster: FakeCluster;
  /** Where its writes wait while the lease moves. */
  readonly hold: MovingLeaseHold;
  /** What is counted on this node: whatever the test puts there. */
  readonly clicks: MemoryClickReader;
  /** Every request that went to the primary, by a route that answers 418. */
  readonly passed: Passed[];
  /** Every line of the log, as written. */
  readonly logged: string[];
  /** Whether `catchUp` says that this node is there. */
  canCatchUp: boolean;
  /** Whether the primary's writer is still opening. */
  isOpening: boolean;
}

/** Starts an app. Dispose it to stop the server and the writer and delete the database. */
export async function startTestApp(options: TestAppOptions = {}): Promise<TestApp> {
  await using stack = new AsyncDisposableStack();
  const settings: HttpSettings = {
    baseUrl: 'http://go.example.com',
    access: 'open',
    adminKeys: [testAdminKey],
    trustProxy: 'none',
    corsOrigins: [],
    writesPerMinute: 1_000_000,
    failedSignInsPerMinute: 1_000_000,
    slugCase: 'insensitive',
    destinationPolicy: { ownHosts: ['go.example.com'], allowPrivate: false },
    ...options.settings,
  };
  const folder = stack.use(new TestFolder());
  const writer = stack.use(
    await startWriter(
      writerOptions(folder, {
        links: { minSlugLength: 6, destinationPolicy: settings.destinationPolicy },
      }),
    ),
  );
  const reader = stack.use(openReader({ file: folder.file(), timeoutMs: 250 }));
  const clicks = new MemoryClickReader();
  const cluster = options.cluster ?? new FakeCluster(options.role ?? { is: 'primary' });
  const clock = options.clock ?? systemClock;
  const random = seededRandom('test app');
  const passed: Passed[] = [];
  const logged: string[] = [];
  const state = { canCatchUp: true, isOpening: false };
  const pages = { ...createPages(readAssetVersion()), ...options.pages };
  const catchUp = { catchUp: async () => state.canCatchUp };
  const database: DatabaseState = {
    schemaVersion: () => reader.schemaVersion(),
    epoch: async () => writer.opened.epoch,
    isKnownSchema: () => true,
    ...options.database,
  };
  const writers = {
    get isOpen() {
      return cluster.role().is === 'primary' && !state.isOpening;
    },
    writer: () => openWriter(cluster.role(), state, writer),
  };
  const hold = stack.use(
    new MovingLeaseHold({
      cluster,
      takesWrites: () => writers.isOpen,
      holdMs: options.holdMs ?? 20,
      clock: systemClock,
      random,
    }),
  );
  const basic: HttpParts = {
    settings,
    version: '0.0.0-test',
    links: reader.links,
    keys: reader.keys,
    findLink: createFindLink({ links: reader.links, catchUp }),
    clicks,
    catchUp,
    writers: holdWrites({ cluster, writers, hold }),
    writeHold: hold,
    signsInHere: false,
    bookmarks: createBookmarks({
      cluster,
      keys: [testBookmarkKey],
      ownHistory: createOwnHistory({ cluster, readEpochs: () => reader.epochs() }),
      onCommit: () => () => undefined,
      askFleet: createAskNobody(cluster),
      clock,
      ...options.bookmarks,
    }),
    cluster,
    primaryRoute: teapotRoute(passed),
    database,
    notice: { look: () => false },
    readStatus: createNodeStatus({
      cluster,
      database,
      writeState: () => ({
        durability: cluster.role().is === 'primary' ? 'local' : undefined,
        otherCandidate: undefined,
        lease: undefined,
      }),
      guardState: () => undefined,
      clicks: () => ({ unconfirmed: 0, oldestMs: 0 }),
      backup: () => undefined,
      version: '0.0.0-test',
      clock,
    }),
    askReports: async () => [],
    sessionSecrets: ['a secret of all nodes, of 32 or more signs'],
    pages,
    renderProblem: createRenderProblem({ baseUrl: settings.baseUrl, pages, random }),
    assets: { dir: assetsDir, version: readAssetVersion() },
    clock,
    random,
    log: pino({ level: 'debug' }, { write: (line: string) => logged.push(line) }),
    observe: () => undefined,
    findReplayOrigin: () => undefined,
  };
  const parts = { ...basic, ...options.parts?.(basic) };
  const app = createHttpApp(parts);
  const { server, port } = stack.use(await listen(app));
  const document = await (await fetch(`http://127.0.0.1:${port}/openapi.json`)).json();
  // The line of that request comes when its connection is done with it.
  await eventually(() => {
    if (logged.length === 0) throw new Error('not logged yet');
  });
  logged.length = 0;
  const client = createValidatedClient(server, document);
  const owned = stack.move();
  return Object.assign(state, {
    app,
    parts,
    server,
    port,
    client,
    cluster,
    hold,
    clicks,
    passed,
    logged,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  });
}

function openWriter(role: Role, state: { readonly isOpening: boolean }, writer: Writer): Writer {
  if (role.is !== 'primary') throw new NotPrimary();
  if (state.isOpening) throw stillOpening();
  return writer;
}

function stillOpening(): Failure {
  return new Failure('unavailable', 'This node has just become primary.', { retryAfterS: 1 });
}

/** Stands for the primary: notes what comes, and answers in a way that nothing else does. */
function teapotRoute(passed: Passed[]): PrimaryRoute {
  return {
    async pass(request, response, { arrivedAt, caller, clientAddress, body }) {
      const { method, url } = request;
      passed.push({ method, url, arrivedAt, caller, clientAddress, body: body?.toString() });
      response.statusCode = 418;
      response.end('the primary');
    },
  };
}
