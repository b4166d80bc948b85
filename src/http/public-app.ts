import express, { type Express } from 'express';
import type { Logger } from 'pino';
import type { ApiKeyReader } from '../domain/api-key.ts';
import type { Bookmarks } from '../domain/bookmark.ts';
import type { ClickReader } from '../domain/click-reader.ts';
import type { TrustProxy } from '../domain/client-address.ts';
import type { Clock } from '../domain/clock.ts';
import type { CatchUp, Cluster } from '../domain/cluster.ts';
import type { DestinationPolicy } from '../domain/destination.ts';
import type { SlugCase } from '../domain/domain-name.ts';
import type { FindLink } from '../domain/find-link.ts';
import type { LinkReader } from '../domain/link-store.ts';
import type { Pages } from '../domain/pages.ts';
import type { Random } from '../domain/random.ts';
import type { Rotating } from '../domain/rotating.ts';
import type { WriteHold } from '../domain/write-hold.ts';
import type { WriterSource } from '../domain/writer.ts';
import { type Assets, createAssetRoutes } from './asset-routes.ts';
import { createAuthenticate } from './authenticate.ts';
import { createBookmarkCookie } from './bookmark-cookie.ts';
import { createBulkOperation } from './bulk-operation.ts';
import { type AccessMode, createMayTakeDown } from './caller.ts';
import { createReadTotals } from './click-totals.ts';
import { createClicksOperations } from './clicks-operations.ts';
import type { Cookie } from './cookie.ts';
import { createCors } from './cors.ts';
import { createCrossSiteCheck } from './cross-site.ts';
import { createDocsRoutes } from './docs-routes.ts';
import { createErrorHandler } from './error-handler.ts';
import { createExportOperation } from './export-operation.ts';
import { createKeyFinder } from './find-key.ts';
import { type AskReports, createFleetStatusOperation } from './fleet-status.ts';
import { createGate } from './gate.ts';
import { createHealthOperations } from './health-operations.ts';
import { createHomeOperations } from './home-operations.ts';
import { createSendHome } from './home-page.ts';
import { createHonourBookmark, createNameShown } from './honour-bookmark.ts';
import { createHostCheck } from './host-check.ts';
import { createIdentify } from './identify.ts';
import { createImportOperation } from './import-operation.ts';
import { createKeysOperations } from './keys-operations.ts';
import { createFailedSignIns, createWriteLimits } from './limits.ts';
import { createLinksOperations } from './links-operations.ts';
import { mountOperations } from './mount-operations.ts';
import { createStatusOperation, type DatabaseState, type ReadNodeStatus } from './node-status.ts';
import { createOpenApiDocument } from './openapi.ts';
import type { Operation } from './operation.ts';
import { createPositionsOperation } from './positions-operation.ts';
import { createPreviewOperation } from './preview-operation.ts';
import type { PrimaryRoute } from './primary-route.ts';
import { createProblemOperation } from './problem-operation.ts';
import type { RenderProblem } from './render-problem.ts';
import { createRequestLog, type FindReplayOrigin, type ObserveRequest } from './request-log.ts';
import { createRobotsOperations } from './robots-operations.ts';
import { createDocsPolicy, createSecurityHeaders, noStore } from './security-headers.ts';
import { createSessions } from './session.ts';
import { createSessionCookie } from './session-cookie.ts';
import { createSessionOperations } from './session-operations.ts';
import { notFound } from './to-failure.ts';
import { createWrite } from './write.ts';

/** What an operator sets. */
export interface HttpSettings {
  /** Origin of short URLs and of the API, without a trailing slash. */
  readonly baseUrl: string;
  readonly access: AccessMode;
  readonly adminKeys: readonly string[];
  readonly trustProxy: TrustProxy;
  readonly corsOrigins: readonly string[];
  readonly writesPerMinute: number;
  readonly failedSignInsPerMinute: number;
  readonly slugCase: SlugCase;
  readonly destinationPolicy: DestinationPolicy;
}

/** What the public app is made of. */
export interface HttpParts {
  readonly settings: HttpSettings;
  /** Of the program. */
  readonly version: string;
  readonly links: LinkReader;
  readonly keys: ApiKeyReader;
  readonly findLink: FindLink;
  readonly clicks: ClickReader;
  readonly catchUp: CatchUp;
  readonly writers: WriterSource;
  readonly writeHold: WriteHold;
  /** Whether browsers sign in at this node, since it has no primary where wrong keys would be counted. */
  readonly signsInHere: boolean;
  readonly bookmarks: Bookmarks;
  readonly cluster: Cluster;
  readonly primaryRoute: PrimaryRoute;
  readonly database: DatabaseState;
  /** Hears that somebody looks at `/healthz`, and says whether this node is about to end. */
  readonly notice: { look(): boolean };
  readonly readStatus: ReadNodeStatus;
  readonly askReports: AskReports;
  /** The same on all nodes: sessions are under keys derived from it. */
  readonly sessionSecrets: Rotating<string>;
  readonly pages: Pages;
  readonly renderProblem: RenderProblem;
  readonly assets: Assets;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly observe: ObserveRequest;
  readonly findReplayOrigin: FindReplayOrigin;
}

/** Everything on the public port but redirects, which stand before it. */
export function createHttpApp(parts: HttpParts): Express {
  const { settings, bookmarks, primaryRoute, clock, random, log, pages } = parts;
  const hold = parts.writeHold;
  const { baseUrl, access, corsOrigins, trustProxy } = settings;
  const cookie = createSessionCookie(baseUrl);
  const sessions = createSessions(parts.sessionSecrets, clock);
  const keyFinder = createKeyFinder({ ...parts, adminKeys: settings.adminKeys });
  const failedSignIns = createFailedSignIns(settings.failedSignInsPerMinute, clock);
  const accounts = { keyFinder, failedSignIns, sessions, cookie };
  const bookmarkCookie = createBookmarkCookie(baseUrl);
  const operations = createOperations(
    parts,
    bookmarkCookie,
    createSessionOperations({
      ...accounts,
      pages,
      bookmarkCookie,
      bookmarks,
      signsInHere: parts.signsInHere,
    }),
  );

  const app = express();
  app.disable('x-powered-by').disable('etag').set('query parser', false);
  app.use(createIdentify({ trustProxy, random }));
  app.use(createRequestLog(parts));
  app.use(createSecurityHeaders(baseUrl), noStore);
  app.use(createCrossSiteCheck({ baseUrl, access, corsOrigins, cookie }));
  if (corsOrigins.length > 0) app.use(createCors(corsOrigins));
  app.use(
    mountOperations(operations, {
      checkHost: createHostCheck(baseUrl, access),
      gate: createGate({ hold, primaryRoute }),
      authenticate: createAuthenticate(accounts),
      access,
      writeLimits: createWriteLimits(settings.writesPerMinute, clock),
      honourBookmark: createHonourBookmark({ bookmarks, bookmarkCookie, primaryRoute }),
    }),
  );
  app.use(createDocsRoutes(createOpenApiDocument(operations, parts.version), createDocsPolicy()));
  app.use('/assets', createAssetRoutes(parts.assets));
  app.use(() => {
    throw notFound();
  });
  app.use(createErrorHandler({ primaryRoute, hold, renderProblem: parts.renderProblem, log }));
  return app;
}

function createOperations(
  parts: HttpParts,
  bookmarkCookie: Cookie,
  sessionOperations: readonly Operation[],
): readonly Operation[] {
  const { baseUrl } = parts.settings;
  const shared = {
    ...parts,
    ...parts.settings,
    mayTakeDown: createMayTakeDown(parts.settings),
    readTotals: createReadTotals(parts),
    write: createWrite({ ...parts, bookmarkCookie }),
    nameShown: createNameShown(parts.bookmarks),
  };
  return [
    // Before the links, of which "bulk" could be one.
    createBulkOperation(shared),
    ...createLinksOperations(shared),
    createExportOperation(shared),
    createImportOperation(shared),
    ...createClicksOperations(shared),
    ...createKeysOperations(shared),
    createPositionsOperation(parts),
    createStatusOperation(parts.readStatus),
    createFleetStatusOperation(parts),
    ...createHomeOperations({ ...shared, sendHome: createSendHome(shared) }),
    createPreviewOperation(shared),
    ...sessionOperations,
    ...createHealthOperations(parts.database, parts.notice),
    createProblemOperation(baseUrl, parts.pages),
    ...createRobotsOperations(),
  ];
}
