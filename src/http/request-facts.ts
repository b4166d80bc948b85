import type { IncomingMessage } from 'node:http';
import type { Caller } from './caller.ts';

/** How a request came to this node. All but `public` was proved by a fleet signature on the private port. */
export type Arrival =
  /** From a client, on the public port. */
  | { readonly via: 'public' }
  /** From another node, which took it from a client or an operator and checked where it came from. */
  | {
      readonly via: 'node';
      readonly caller: 'client' | 'operator';
      readonly clientAddress: string;
    }
  /** From an operator's command line on the private port of this node, with the body that was signed. */
  | { readonly via: 'operator'; readonly body: Buffer | undefined };

/** What this node itself found out about a request. No header of a client can set any of it. */
export interface RequestFacts {
  /** Own id, or the client's when it has a harmless form. */
  readonly id: string;
  readonly arrival: Arrival;
  readonly clientAddress: string;
  /** Pattern of the route that took the request, such as `/api/v1/links/{slug}`. */
  route?: string;
  /** The whole body as it came, once it was read: kept so that the request can still go to the primary. */
  body?: Buffer;
  caller?: Caller;
  /** Whether the answer may lack what the bookmark of the request names. */
  isStale?: true;
  /** Counts more writes than the one that the request is; throws `rate_limited`. Absent where there is no limit. */
  countWrites?: (more: number) => void;
  /** Whether this node sent the request on to the primary. */
  passedOn?: true;
}

const arrivalKey = Symbol('arrival');
const factsKey = Symbol('facts');

/** A symbol of this module as key: neither a header nor a parsed body can reach it. */
type MarkedRequest = IncomingMessage & { [arrivalKey]?: Arrival; [factsKey]?: RequestFacts };

/** Notes how a request came, before the public app sees it. */
export function setArrival(request: IncomingMessage, arrival: Arrival): void {
  (request as MarkedRequest)[arrivalKey] = arrival;
}

/** How a request came; `public` when nothing was proved. */
export function arrivalOf(request: IncomingMessage): Arrival {
  return (request as MarkedRequest)[arrivalKey] ?? { via: 'public' };
}

export function setFacts(request: IncomingMessage, facts: RequestFacts): void {
  (request as MarkedRequest)[factsKey] = facts;
}

/** The facts of a request; `undefined` before an app has begun to handle it. */
export function findFacts(request: IncomingMessage): RequestFacts | undefined {
  return (request as MarkedRequest)[factsKey];
}

/** The facts of a request that an app has begun to handle. */
export function factsOf(request: IncomingMessage): RequestFacts {
  const facts = findFacts(request);
  if (facts === undefined) throw new Error('the request has no facts yet');
  return facts;
}
