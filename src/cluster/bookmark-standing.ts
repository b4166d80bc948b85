import type { Bookmark, Standing } from '../domain/bookmark.ts';
import { hasReached } from '../domain/position.ts';
import type { OwnHistory } from './own-history.ts';

/**
 * Where a copy stands to a bookmark.
 *
 * The tags are compared before all else. What follows an epoch of another tag is another history, with numbers that say
 * nothing of this one: neither a higher epoch nor a higher txid then proves that the write is there.
 */
export function judgeStanding(own: OwnHistory | undefined, bookmark: Bookmark): Standing {
  if (own === undefined) return 'unknown';
  const tag = own.tags.get(bookmark.epoch);
  if (tag !== undefined && tag !== bookmark.epochTag) return 'astray';
  return hasReached(own, bookmark) ? 'reached' : 'behind';
}

/** What becomes of a read that carries a bookmark: this node answers, waits first, or leaves it to the primary. */
export type ReadDecision = 'serve' | 'wait' | 'replay';

/**
 * Decides about a read. The primary has everything that there is, so it serves whatever the bookmark says: one that it
 * has not reached was lost. Only where the histories differ nothing is worth a wait.
 */
export function decideRead(facts: {
  readonly isPrimary: boolean;
  readonly standing: Standing;
  readonly mayWait: boolean;
}): ReadDecision {
  if (facts.isPrimary || facts.standing === 'reached') return 'serve';
  return facts.standing !== 'astray' && facts.mayWait ? 'wait' : 'replay';
}
