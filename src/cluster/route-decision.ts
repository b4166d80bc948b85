import type { NodeId, Role } from '../domain/role.ts';
import { isNodeId } from './node-name.ts';

/** Everything that decides how a request gets to the primary. */
export interface RouteFacts {
  readonly role: Role;
  /** What stands in front of this node: Fly's edge, which replays, or anything else. */
  readonly mode: 'fly' | 'forward';
  readonly caller: 'client' | 'operator';
  /** Whether the request came by a replay, or fell back from one. */
  readonly wasReplayed: boolean;
  /** How many nodes have forwarded the request before. */
  readonly hops: number;
  /** Bytes of the body; `undefined` when the request does not say. */
  readonly bodyLength: number | undefined;
  /** The longest body that is replayed. */
  readonly replayMaxBytes: number;
}

/** The way of a request to the primary. */
export type Route =
  | { readonly by: 'replay' | 'forward'; readonly to: NodeId }
  | { readonly by: 'none'; readonly why: 'no_primary' | 'not_ready' | 'forwarded_twice' };

/** How many nodes may send a request on. */
const maxForwards = 2;

/**
 * Decides how a request that only the primary can answer gets there.
 *
 * A replay is preferred where there is an edge to do it: the edge holds the body and nothing hangs on this node. It
 * is not for an operator's request, which did not come through the edge, nor for a body that the edge may not
 * hold (docs/facts.md, "Long bodies are not replayed"). A request is replayed once at most and then forwarded twice at
 * most, so it ends after three steps however often the primary moves. The second time is for a node that was still the
 * primary when the request was sent to it, and has handed the lease over since.
 */
export function decideRoute(facts: RouteFacts): Route {
  const { role } = facts;
  if (role.is === 'primary') return { by: 'none', why: 'not_ready' };
  if (role.is !== 'replica' || !isNodeId(role.primary)) return { by: 'none', why: 'no_primary' };
  if (facts.hops >= maxForwards) return { by: 'none', why: 'forwarded_twice' };
  const canReplay =
    facts.mode === 'fly' &&
    facts.caller === 'client' &&
    !facts.wasReplayed &&
    facts.hops === 0 &&
    facts.bodyLength !== undefined &&
    facts.bodyLength <= facts.replayMaxBytes;
  return { by: canReplay ? 'replay' : 'forward', to: role.primary };
}

/**
 * How long a request's body is, by its headers; `undefined` when it is chunked or the length is not a number.
 * Source: RFC 9112, section 6.3.
 */
export function bodyLengthOf(headers: {
  readonly 'content-length'?: string | undefined;
  readonly 'transfer-encoding'?: string | undefined;
}): number | undefined {
  if (headers['transfer-encoding'] !== undefined) return undefined;
  const length = headers['content-length'];
  if (length === undefined) return 0;
  return /^\d{1,15}$/.test(length) ? Number(length) : undefined;
}
