import type { Express, Request, Response } from 'express';
import { z } from 'zod';
import type { Cluster } from '../domain/cluster.ts';
import { databaseNames } from '../domain/database-name.ts';
import type { RestoreDesk } from '../domain/restore.ts';
import { createBodyReader } from './body.ts';
import { parseFormFields, queryOf } from './form-fields.ts';
import { parseJson } from './json-body.ts';
import { parseInput } from './parse-input.ts';
import { problemMediaType } from './problem.ts';
import { factsOf } from './request-facts.ts';
import { notFound } from './to-failure.ts';

/** A piece of a file is no longer than this. */
const maxPieceBytes = 2 ** 20;

/** A request that is sent on to the primary's private port as it is, but for its path. */
export interface RelayedRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body: Uint8Array;
}

/** What the routes need. */
export interface RestoreRoutesParts {
  readonly cluster: Pick<Cluster, 'role'>;
  readonly desk: RestoreDesk;
  /** Sends a request to the primary that this node follows. Its answer goes back as it is. */
  readonly relay: (
    request: RelayedRequest,
  ) => Promise<{ readonly status: number; readonly body: string }>;
  /** Throws `unauthenticated` for a request that no node or operator of the fleet has signed. */
  readonly expectSignature: (request: Request, response: Response, body: Uint8Array) => void;
}

const place = z.strictObject({
  at: z.coerce.number().int().min(0),
  total: z.coerce.number().int().min(0).optional(),
});
const file = z.strictObject({
  bytes: z.int().min(0),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});
const order = z.strictObject({ epoch: z.int().min(0), links: file, clicks: file.optional() });

/**
 * What `hoplite backup restore` asks of a running node: who would be restored, the files in pieces, and the order. An
 * operator asks any node, under `/operator`; a replica sends it on to its primary.
 */
export function addRestoreRoutes(app: Express, parts: RestoreRoutesParts): void {
  const { desk } = parts;
  const readBody = createBodyReader(maxPieceBytes);
  for (const prefix of ['/restore', '/operator/restore']) {
    app.use(prefix, readBody, async (request, response, next) => {
      const body = factsOf(request).body ?? new Uint8Array();
      parts.expectSignature(request, response, body);
      if (prefix === '/restore' || parts.cluster.role().is !== 'replica') return next();
      const path = request.originalUrl.replace(/^\/operator/, '');
      const method = request.method === 'GET' ? 'GET' : 'POST';
      const answer = await parts.relay({ method, path, body });
      response
        .status(answer.status)
        .type(answer.status < 400 ? 'json' : problemMediaType)
        .end(answer.body);
    });

    app.get(prefix, (_request, response) => {
      response.json(desk.describe());
    });

    app.post(`${prefix}/files/:database`, async (request, response) => {
      const database = databaseNames.find((name) => name === request.params.database);
      if (database === undefined) throw notFound();
      const { at, total } = parseInput(place, parseFormFields(queryOf(request.url)), 'name');
      const { body = new Uint8Array() } = factsOf(request);
      await desk.add(database, at, body, total);
      response.json({ bytes: at + body.length });
    });

    app.post(prefix, async (request, response) => {
      const { body } = factsOf(request);
      const ordered = parseInput(order, parseJson(body?.toString() || '{}'), 'pointer');
      response.json(await desk.restore(ordered));
    });
  }
}
