import type { IncomingHttpHeaders, RequestListener } from 'node:http';
import express, { type Request, type RequestHandler, type Response } from 'express';
import type { Logger } from 'pino';
import { z } from 'zod';
import type { Bookmarks } from '../domain/bookmark.ts';
import type { Cluster } from '../domain/cluster.ts';
import { Failure } from '../domain/failure.ts';
import type { Position, Progress } from '../domain/position.ts';
import type { Random } from '../domain/random.ts';
import type { NodeId } from '../domain/role.ts';
import { createBodyReader } from './body.ts';
import { createErrorHandler } from './error-handler.ts';
import { parseFormFields, queryOf } from './form-fields.ts';
import { createIdentify } from './identify.ts';
import { maxImportBytes } from './import-body.ts';
import { parseJson } from './json-body.ts';
import type { ReadNodeStatus } from './node-status.ts';
import { parseInput } from './parse-input.ts';
import { problemMediaType } from './problem.ts';
import type { RenderProblem } from './render-problem.ts';
import { factsOf, setArrival } from './request-facts.ts';
import { addRestoreRoutes, type RestoreRoutesParts } from './restore-routes.ts';
import { noStore } from './security-headers.ts';
import { notFound } from './to-failure.ts';

/** A delivery of clicks is no longer than this: nodes send 1,000,000 bytes at most, or a single batch. */
const maxClicksBytes = 2 ** 20 + 2 ** 16;

/** Judges fleet signatures. */
export interface FleetVerifier {
  /**
   * `path` is as it was in the request line. `body` is what came in, or `unsigned` where it is streamed.
   * `headers` belong to the answer to a request that is refused.
   */
  verify(
    request: {
      readonly method: string;
      readonly path: string;
      readonly headers: IncomingHttpHeaders;
    },
    body: Uint8Array | 'unsigned',
  ):
    | { readonly ok: true }
    | { readonly ok: false; readonly headers: Readonly<Record<string, string>> };
}

/** What a node says, under its signature, of a request that it sends on. */
export interface ForwardClaims {
  readonly caller: 'client' | 'operator';
  readonly clientAddress: string;
}

/** How far both copies on a node are. */
export interface CopyState {
  readonly links: Position | undefined;
  readonly clicks: Position | undefined;
  /** The primary that the node follows; `undefined` when it follows none. */
  readonly follows: NodeId | undefined;
}

/** To whom the lease shall go; whoever is the other candidate when that is left out. */
const handoffOrder = z.strictObject({ to: z.string().max(64).optional() });

/** How long a node may take to reach a bookmark before it answers. */
const waitQuery = z.strictObject({ waitMs: z.coerce.number().int().min(0).max(10_000) });

/** What the private app is made of. */
export interface PrivateParts {
  readonly publicApp: RequestListener;
  readonly fleet: FleetVerifier;
  /** Reads the claims from the headers of a request whose signature is valid; `undefined` when there are none. */
  readonly readClaims: (headers: IncomingHttpHeaders) => ForwardClaims | undefined;
  readonly cluster: Pick<Cluster, 'role' | 'region'>;
  /** The epoch and position of a primary whose writer is open; `undefined` on every other node. */
  readonly primaryProgress: () => Progress | undefined;
  readonly bookmarks: Pick<Bookmarks, 'parse' | 'tellStanding'>;
  readonly isWriterOpen: () => boolean;
  /** Counts the clicks that a node delivers, on the primary. Its answer goes back as it is. */
  readonly receiveClicks: (
    body: Uint8Array,
  ) => Promise<{ readonly status: number; readonly body: object }>;
  /** How far both copies on this node are, and whom it follows. */
  readonly readCopy: () => Promise<CopyState>;
  /** Hands the lease of this node over. Throws `conflict` with the reason when it cannot. */
  readonly handOver: (to: string | undefined) => Promise<object>;
  /** Has the primary do so, wherever it is. Its answer goes back as it is. */
  readonly orderHandoff: (
    to: string | undefined,
  ) => Promise<{ readonly status: number; readonly body: string }>;
  /** Restores backups into this node, and into the primary from wherever that is. */
  readonly restore: Pick<RestoreRoutesParts, 'desk' | 'relay'>;
  readonly readStatus: ReadNodeStatus;
  /** A prom-client registry. */
  readonly metrics: { readonly contentType: string; metrics(): Promise<string> };
  readonly renderProblem: RenderProblem;
  readonly random: Random;
  readonly log: Logger;
}

/**
 * What nodes and operators ask each other, on a port that the public does not reach: positions, clicks to be
 * counted, requests on their way to the primary, operators' requests, metrics and status.
 */
export function createPrivateApp(parts: PrivateParts): RequestListener {
  const { publicApp, fleet, readClaims, cluster, primaryProgress, bookmarks, metrics } = parts;
  const primaryRoute = { pass: () => Promise.reject(notPrimary()) };
  const hold = { findWay: () => Promise.reject(notPrimary()) };
  const readBody = createBodyReader();

  const app = express();
  app.disable('x-powered-by').disable('etag').set('query parser', false);
  app.use(createIdentify({ trustProxy: 'none', random: parts.random }), noStore);

  app.get('/metrics', async (_request, response) => {
    response.setHeader('Content-Type', metrics.contentType);
    response.end(await metrics.metrics());
  });

  app.get('/status', async (_request, response) => {
    const writerOpen = parts.isWriterOpen();
    response.json({ ...(await parts.readStatus()), writerOpen });
  });

  app.get('/position', (request, response) => {
    expectSignature(request, response, new Uint8Array());
    const progress = primaryProgress();
    if (progress === undefined) throw notPrimary();
    response.json({ epoch: progress.epoch, txid: progress.txid });
  });

  app.get('/copy', async (request, response) => {
    expectSignature(request, response, new Uint8Array());
    const { links, clicks, follows } = await parts.readCopy();
    response.json({ links: links ?? null, clicks: clicks ?? null, follows: follows ?? null });
  });

  // Not under /operator, where everything is as on the public port: moving the lease is no part of the API, which whoever
  // has an admin key can reach from anywhere.
  app.post('/handoff', readBody, async (request, response) => {
    response.json(await parts.handOver(readOrder(request, response)));
  });

  app.post('/operator/handoff', readBody, async (request, response) => {
    const { status, body } = await parts.orderHandoff(readOrder(request, response));
    response
      .status(status)
      .type(status < 400 ? 'json' : problemMediaType)
      .end(body);
  });

  addRestoreRoutes(app, { ...parts.restore, cluster, expectSignature });

  app.get('/bookmarks/:bookmark', async (request, response) => {
    expectSignature(request, response, new Uint8Array());
    const bookmark = bookmarks.parse(request.params.bookmark);
    if (bookmark === undefined) throw notFound();
    const { waitMs } = parseInput(waitQuery, parseFormFields(queryOf(request.url)), 'name');
    const told = await bookmarks.tellStanding(bookmark, waitMs);
    response.json({ region: cluster.region, ...told });
  });

  app.post('/clicks', createBodyReader(maxClicksBytes), async (request, response) => {
    const body = factsOf(request).body ?? new Uint8Array();
    expectSignature(request, response, body);
    if (cluster.role().is !== 'primary' || !parts.isWriterOpen()) throw notPrimary();
    const answer = await parts.receiveClicks(body);
    response.status(answer.status).json(answer.body);
  });

  app.use('/forward', (request, response) => {
    expectSignature(request, response, 'unsigned');
    const claims = readClaims(request.headers);
    if (claims === undefined) throw badSignature();
    // What is to be read on the primary is not read elsewhere. A write finds its way on when this node has just handed
    // the lease over.
    if (cluster.role().is !== 'primary' && isRead(request)) throw notPrimary();
    const { caller, clientAddress } = claims;
    setArrival(request, { via: 'node', caller, clientAddress });
    publicApp(request, response);
  });

  // Goes on to what stands below, with a longer body than that would read.
  app.post('/operator/api/v1/import', createBodyReader(maxImportBytes));

  app.use('/operator', readBody, (request, response) => {
    const { body } = factsOf(request);
    expectSignature(request, response, body ?? new Uint8Array());
    setArrival(request, { via: 'operator', body });
    publicApp(request, response);
  });

  app.use((() => {
    throw notFound();
  }) satisfies RequestHandler);
  app.use(createErrorHandler({ ...parts, primaryRoute, hold }));
  return app;

  /** Throws `unauthenticated`, or what is wrong with the order. */
  function readOrder(request: Request, response: Response): string | undefined {
    const { body } = factsOf(request);
    expectSignature(request, response, body ?? new Uint8Array());
    return parseInput(handoffOrder, parseJson(body?.toString() || '{}'), 'pointer').to;
  }

  /** Throws `unauthenticated` for a request that no node or operator of the fleet has signed. */
  function expectSignature(
    request: Request,
    response: Response,
    body: Uint8Array | 'unsigned',
  ): void {
    const { method, originalUrl, headers } = request;
    const verdict = fleet.verify({ method, path: originalUrl, headers }, body);
    if (verdict.ok) return;
    for (const [name, value] of Object.entries(verdict.headers)) response.setHeader(name, value);
    throw badSignature();
  }
}

function badSignature(): Failure {
  return new Failure('unauthenticated', 'The request carries no valid signature of the fleet.');
}

function isRead({ method }: Request): boolean {
  return method === 'GET' || method === 'HEAD';
}

function notPrimary(): Failure {
  return new Failure('unavailable', 'This node is not the primary, or is still becoming it.', {
    retryAfterS: 1,
  });
}
