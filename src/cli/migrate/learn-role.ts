import { setTimeout as delay } from 'node:timers/promises';
import { readLease } from '../../cluster/litefs-info.ts';
import type { NodeId } from '../../domain/role.ts';

/** What LiteFS says of this node within the time given. */
export type LearnedRole =
  | { readonly is: 'primary' }
  | { readonly is: 'replica'; readonly primary: NodeId }
  | { readonly is: 'unknown' };

const askTimeoutMs = 1000;
const pauseMs = 100;

/**
 * Asks LiteFS for the role of this node until it tells one, for at most `waitMs` milliseconds. Never rejects:
 * a LiteFS that does not answer tells nothing.
 */
export async function learnRole(options: {
  readonly litefsUrl: string;
  readonly node: NodeId;
  readonly waitMs: number;
}): Promise<LearnedRole> {
  const over = AbortSignal.timeout(options.waitMs);
  while (!over.aborted) {
    const signal = AbortSignal.any([over, AbortSignal.timeout(askTimeoutMs)]);
    const lease = await readLease(options.litefsUrl, signal).catch(() => undefined);
    if (lease?.isPrimary) return { is: 'primary' };
    // NOTE: LiteFS names this very node while Consul still holds the lease of its last run.
    if (lease?.hostname !== undefined && lease.hostname !== options.node) {
      return { is: 'replica', primary: lease.hostname };
    }
    await delay(pauseMs, undefined, { signal: over }).catch(() => undefined);
  }
  return { is: 'unknown' };
}

/** The role in words, to be followed by what it means. */
export function describeRole(role: LearnedRole): string {
  switch (role.is) {
    case 'primary':
      return 'this node is the primary';
    case 'replica':
      return `this node is a replica of ${role.primary}`;
    case 'unknown':
      return 'LiteFS does not say whether this node is the primary';
  }
}
