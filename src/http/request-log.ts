import type { IncomingMessage } from 'node:http';
import type { RequestHandler } from 'express';
import type { Logger } from 'pino';
import type { Clock } from '../domain/clock.ts';
import type { Cluster } from '../domain/cluster.ts';
import type { NodeId } from '../domain/role.ts';
import { factsOf } from './request-facts.ts';

/** Takes the time of an answered request, for a histogram. */
export type ObserveRequest = (
  labels: { readonly method: string; readonly route: string; readonly status: number },
  seconds: number,
) => void;

/** The node whose replay brought a request here, when that node's own mark on it proves so. */
export type FindReplayOrigin = (request: IncomingMessage) => NodeId | undefined;

/** Asked every few seconds by machines, or not ours: logged for those who look for them only. */
const quietRoutes = new Set(['none', '/healthz', '/readyz']);

/**
 * Writes one line when a request is answered. It holds the pattern of the route, never the path or query;
 * no header, credential or address. `replayed` is true at both ends of the way to the primary, and
 * `replayedBy` names the node that asked for the replay.
 */
export function createRequestLog(deps: {
  readonly cluster: Pick<Cluster, 'role'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly observe: ObserveRequest;
  readonly findReplayOrigin: FindReplayOrigin;
}): RequestHandler {
  const { cluster, clock, log, observe, findReplayOrigin } = deps;
  return (request, response, next) => {
    const startedMs = clock.monotonicMs();
    response.once('close', () => {
      const { id, arrival, route = 'none', passedOn = false } = factsOf(request);
      const { method } = request;
      const status = response.statusCode;
      const ms = clock.monotonicMs() - startedMs;
      const role = cluster.role().is;
      const replayed = passedOn || arrival.via === 'node' || 'fly-replay-src' in request.headers;
      const level = quietRoutes.has(route) ? 'debug' : 'info';
      const replayedBy = findReplayOrigin(request);
      log[level](
        { id, method, route, status, ms: Math.round(ms), role, replayed, replayedBy },
        'request',
      );
      observe({ method, route, status }, ms / 1000);
    });
    next();
  };
}
