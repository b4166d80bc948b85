import type { Operation } from '../history.ts';
import { isLookUp } from './look-up.ts';

/** The hits of one slug, and what their clients saw. In the order in which they began. */
export interface Hits {
  /** Answered with a redirect: each one is a click. */
  readonly answered: readonly Operation[];
  /** Nobody saw an answer: each one may be a click. */
  readonly uncertain: readonly Operation[];
}

/** Whether an operation was a hit that may have been counted. */
export function isHit(operation: Operation): boolean {
  const { op, type } = operation;
  if (op !== 'follow' && op !== 'followNew') return false;
  return type === 'unknown' || (isLookUp(operation) && operation.value !== null);
}

/** All hits by their slugs. */
export function toHits(operations: readonly Operation[]): Map<string, Hits> {
  const hits = new Map<string, { answered: Operation[]; uncertain: Operation[] }>();
  for (const operation of operations) {
    if (operation.key === null || !isHit(operation)) continue;
    const known = hits.get(operation.key) ?? { answered: [], uncertain: [] };
    hits.set(operation.key, known);
    known[operation.type === 'unknown' ? 'uncertain' : 'answered'].push(operation);
  }
  return hits;
}
