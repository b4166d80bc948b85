import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import type { Clock } from '../domain/clock.ts';
import type { Cluster } from '../domain/cluster.ts';
import { Failure } from '../domain/failure.ts';
import type { NodeId } from '../domain/role.ts';
import type { Rotating } from '../domain/rotating.ts';
import { type FleetAuth, refusedHeader } from './fleet-auth.ts';
import { type ForwardLimits, type ForwardResult, forward } from './forward.ts';
import { countHops, forwardPrefix, toClaimHeaders } from './forward-claims.ts';
import { toForwardedHeaders } from './forward-headers.ts';
import { buildReplayHeader, signReplayState, wasReplayed } from './replay-header.ts';
import { bodyLengthOf, decideRoute } from './route-decision.ts';

/** What this node knows about a request besides the request itself. */
export interface PassContext {
  readonly clientAddress: string;
  /** Which of this node's ports it came to, and there under which path. */
  readonly arrivedAt: 'public' | 'forward' | 'operator';
  /** `operator` when this node, or the one that sent it here, verified an operator's signature. */
  readonly caller: 'client' | 'operator';
  /** The whole body as it came, when it was already read. */
  readonly body?: Uint8Array;
}

/** The way of a request to the primary. */
export interface PrimaryRoute {
  /**
   * Has the primary answer `request`: tells the edge to replay it, or forwards it from node to node. Rejects with
   * `unavailable`, with nothing written to `response`, when there is no way now or the request has gone far enough.
   */
  pass(request: IncomingMessage, response: ServerResponse, context: PassContext): Promise<void>;
}

/** What a `PrimaryRoute` needs. */
export interface PrimaryRouteOptions {
  readonly cluster: Cluster;
  readonly mode: 'fly' | 'forward';
  /** A longer body is forwarded, never replayed. */
  readonly replayMaxBytes: number;
  readonly auth: FleetAuth;
  /** The key for `replay-state`. */
  readonly replayStateKeys: Rotating<Buffer>;
  readonly clock: Clock;
  readonly log: Logger;
  /** Default: 2 s to connect, 15 s idle. */
  readonly limits?: ForwardLimits;
  /** How many requests are forwarded at a time; default 1,000. */
  readonly maxForwards?: number;
}

const refusals = {
  no_primary: 'There is no primary at the moment, so nothing can be written.',
  not_ready: 'The primary has just changed and is not ready yet.',
  forwarded_twice: 'The primary changed while the request was on its way. Nothing was written.',
};

/** Express keeps the whole path here while a router works on a part of it. */
type RoutedRequest = IncomingMessage & { readonly originalUrl?: string };

/**
 * Makes the way to the primary. Nothing else may set `fly-replay` (docs/facts.md, "An answer can give the edge
 * orders").
 */
export function createPrimaryRoute(options: PrimaryRouteOptions): PrimaryRoute {
  const { cluster, auth, clock, log } = options;
  const limits = options.limits ?? { connectTimeoutMs: 2000, idleTimeoutMs: 15_000 };
  let forwards = 0;

  function replay(response: ServerResponse, primary: NodeId): void {
    const state = signReplayState(options.replayStateKeys, cluster.node, clock.now());
    // Only where no edge is in front does anybody see the status: then it should be loud (docs/facts.md, "How a
    // replay is asked for").
    response.statusCode = 409;
    response.setHeader('fly-replay', buildReplayHeader(primary, state));
    response.setHeader('Cache-Control', 'no-store');
    response.setHeader('Content-Length', 0);
    response.end();
  }

  async function forwardTo(
    primary: NodeId,
    request: RoutedRequest,
    response: ServerResponse,
    context: PassContext,
  ): Promise<void> {
    const origin = cluster.privateUrl(primary);
    if (origin === undefined) throw unavailable('The private port of the primary is not known.');
    const path = `${forwardPrefix}${pathOf(request, context)}`;
    const claims = toClaimHeaders({
      caller: context.caller,
      clientAddress: context.clientAddress,
      hops: countHops(request.headers) + 1,
    });
    const method = request.method ?? 'GET';
    const { body, framing } = bodyOf(request, context);
    const raw = [...toForwardedHeaders(request.rawHeaders, idOf(response)), ...framing];
    const sendOnce = async (): Promise<[Record<string, string>, ForwardResult]> => {
      const signed = auth.sign({ method, path, to: primary, body: 'unsigned', headers: claims });
      const headers = [...raw, ...Object.entries(signed).flat()];
      return [signed, await forward({ origin, method, path, headers, body }, response, limits)];
    };
    const [signed, result] = await sendOnce();
    if (result.is === 'answered') return;
    const hasLearned = auth.learnTime(signed, result.headers);
    // The primary has refused and done nothing. A body that was streamed is gone, though.
    if (hasLearned && body instanceof Uint8Array) {
      const [, second] = await sendOnce();
      if (second.is === 'answered') return;
    }
    const reason = String(result.headers[refusedHeader]);
    throw unavailable(`The primary refused this node (${reason}). Nothing was written.`);
  }

  return {
    async pass(request, response, context) {
      const route = decideRoute({
        role: cluster.role(),
        mode: options.mode,
        caller: context.caller,
        wasReplayed: wasReplayed(request.headers),
        hops: countHops(request.headers),
        bodyLength: bodyLengthOf(request.headers),
        replayMaxBytes: options.replayMaxBytes,
      });
      if (route.by === 'none') throw unavailable(refusals[route.why]);
      if (route.by === 'replay') return replay(response, route.to);
      if (forwards >= (options.maxForwards ?? 1000)) {
        throw unavailable('Too many requests wait for the primary. Nothing was written.');
      }
      forwards += 1;
      try {
        await forwardTo(route.to, request, response, context);
      } catch (err) {
        // A client that left asks for nothing any more.
        const level = response.destroyed ? 'debug' : 'warn';
        log[level]({ err, primary: route.to }, 'request not forwarded');
        throw err;
      } finally {
        forwards -= 1;
      }
    },
  };
}

/** The request id that this node gave, so that both nodes log the same one. */
function idOf(response: ServerResponse): Record<string, string> {
  const id = response.getHeader('x-request-id');
  return typeof id === 'string' ? { 'x-request-id': id } : {};
}

/** The path as the primary's public app knows it. What came to the private port has a prefix. */
function pathOf(request: RoutedRequest, { arrivedAt }: PassContext): string {
  const path = request.originalUrl ?? request.url ?? '';
  if (!path.startsWith('/')) throw new Failure('malformed', 'The request names no path.');
  const prefix = arrivedAt === 'public' ? '' : `/${arrivedAt}`;
  return path.startsWith(`${prefix}/`) ? path.slice(prefix.length) : path;
}

/** The body to send and the headers that frame it. Node has already taken off the framing it came in. */
function bodyOf(
  request: IncomingMessage,
  context: PassContext,
): { readonly body: Uint8Array | IncomingMessage; readonly framing: readonly string[] } {
  const length = bodyLengthOf(request.headers);
  if (context.body !== undefined || length === 0) {
    const body = context.body ?? new Uint8Array();
    return { body, framing: ['Content-Length', String(body.length)] };
  }
  if (request.readableDidRead) throw new Error('the body was read and is not there to be sent on');
  return {
    body: request,
    framing:
      length === undefined ? ['Transfer-Encoding', 'chunked'] : ['Content-Length', String(length)],
  };
}

function unavailable(detail: string): Failure {
  return new Failure('unavailable', detail, { retryAfterS: 1 });
}
