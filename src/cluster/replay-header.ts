import { createHmac, timingSafeEqual } from 'node:crypto';
import type { NodeId } from '../domain/role.ts';
import type { Rotating } from '../domain/rotating.ts';
import type { Headers } from './fleet-auth.ts';

/** How long Fly tries to reach the primary before it gives the request back. */
const replayTimeoutMs = 2000;
/** How long the state of a replay is good for; Fly brings it back within seconds. */
const stateLifeMs = 60_000;

/** Time of expiry in base 36, HMAC, origin; the origin comes last because a node's id may hold dots. */
const stateText = /^([0-9a-z]{1,11})\.([A-Za-z0-9_-]{22})\.([A-Za-z0-9._-]{1,64})$/;

/**
 * Builds the value of a `fly-replay` header: repeat the request at `primary`, try for 2 s, then bring it back to
 * exactly this node. Fly falls back only when no connection could be made, so that is safe for writes too.
 *
 * Source: Fly docs, "Dynamic request routing"; docs/facts.md, "How a replay is asked for" and "A fallback means
 * that nothing was delivered".
 */
export function buildReplayHeader(primary: NodeId, state: string): string {
  return [
    `instance=${primary}`,
    `timeout=${replayTimeoutMs}ms`,
    'fallback=force_self',
    `state=${state}`,
  ].join(';');
}

/** Makes the state of a replay: who asked for it, signed with the first key for `replay-state`. `nowMs` is wall time. */
export function signReplayState([key]: Rotating<Buffer>, origin: NodeId, nowMs: number): string {
  const expiry = (nowMs + stateLifeMs).toString(36);
  return `${expiry}.${proof(key, expiry, origin)}.${origin}`;
}

/**
 * The node that asked for the replay by which a request came; `undefined` when it did not come by one, or when the
 * state is forged or expired. Good for logs. Whether to replay again is decided by `wasReplayed` alone.
 */
export function findReplayOrigin(
  keys: Rotating<Buffer>,
  headers: Headers,
  nowMs: number,
): NodeId | undefined {
  const source = headers['fly-replay-src'];
  if (typeof source !== 'string') return undefined;
  // Fly joins with `;`; one of its guides shows commas.
  const [, state] = /(?:^|[;,]\s*)state="?([^;,"]*)/.exec(source) ?? [];
  const [, expiry, mac, origin] = stateText.exec(state ?? '') ?? [];
  if (expiry === undefined || mac === undefined || origin === undefined) return undefined;
  const given = Buffer.from(mac);
  const isProven = (key: Buffer) => timingSafeEqual(Buffer.from(proof(key, expiry, origin)), given);
  if (!keys.some(isProven)) return undefined;
  return Number.parseInt(expiry, 36) > nowMs ? origin : undefined;
}

/**
 * Whether a request came by a replay or fell back from one. A client can claim that too, which is why it may only
 * take the next replay away from it.
 */
export function wasReplayed(headers: Headers): boolean {
  return headers['fly-replay-src'] !== undefined || headers['fly-replay-failed'] !== undefined;
}

function proof(key: Buffer, expiry: string, origin: NodeId): string {
  const mac = createHmac('sha256', key).update(`${expiry}\n${origin}`).digest();
  return mac.subarray(0, 16).toString('base64url');
}
