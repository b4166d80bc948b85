import type { Role } from '../domain/role.ts';

/** The newest migrations, of links.db and clicks.db, by number. */
export interface SchemaVersions {
  readonly links: number;
  readonly clicks: number;
}

/** Everything that decides whether this node asks the primary for the lease. */
export interface TakeOverFacts {
  readonly role: Role;
  /** Whether it is one of the two nodes that may become primary. */
  readonly isCandidate: boolean;
  /** Whether it can redirect on the schema that is there, which `/readyz` says too. */
  readonly isReady: boolean;
  /** What this release knows. */
  readonly known: SchemaVersions;
  /** What the databases have, replicated from the primary; `undefined` when that cannot be told now. */
  readonly applied: SchemaVersions | undefined;
  /** Whether these very migrations have failed on this node before. */
  readonly hasFailed: boolean;
}

/** `ask`, or why not. */
export type TakeOverDecision =
  | 'ask'
  | 'not_replica'
  | 'not_candidate'
  | 'not_ready'
  | 'nothing_newer'
  | 'has_failed';

/**
 * Decides whether this node asks the primary to hand the lease over: when it has migrations that the databases lack, which
 * only a primary can apply. Otherwise a deployment would go on for ever with new code on an old schema.
 *
 * The lease never comes back by this rule: the node that gave it away has the older release, and once that is replaced the
 * migrations are applied. A release that knows an older schema, such as one that was taken back, asks for nothing. Nor
 * does one that is two schemas ahead, which is not ready: redirects of the other nodes know no more than one.
 */
export function decideTakeOver(facts: TakeOverFacts): TakeOverDecision {
  const { known, applied } = facts;
  if (facts.role.is !== 'replica') return 'not_replica';
  if (!facts.isCandidate) return 'not_candidate';
  if (applied === undefined || !facts.isReady) return 'not_ready';
  if (known.links <= applied.links && known.clicks <= applied.clicks) return 'nothing_newer';
  return facts.hasFailed ? 'has_failed' : 'ask';
}
