import { hasReached, type Progress } from '../domain/position.ts';
import type { Mark } from './mark.ts';
import type { OwnProgress } from './progress.ts';

/** What decides whether this node may take the lease. */
export interface AcquireFacts {
  /** Whether this node may become primary at all. */
  readonly candidate: boolean;
  /** Whether the bootstrap table lets this node lead (docs/bootstrap.md). */
  readonly mayLead: boolean;
  /** The candidate place that Consul says is ours. */
  readonly place: number | undefined;
  readonly own: OwnProgress;
  /** How far the fleet was; `undefined` when Consul has no mark. */
  readonly mark: Mark | undefined;
  /** What the holders of the other place say of themselves while they are refused. */
  readonly rivals: readonly Progress[];
  /** For how long the lease has been vacant and this node refused, milliseconds. */
  readonly refusedForMs: number;
  readonly graceMs: number;
}

/** Why a node may lead. */
export type Allowed = 'caught-up' | 'first-boot' | 'no-mark' | 'grace';
/** Why a node must not lead. */
export type Refused =
  | 'no-candidate'
  | 'replica-only'
  | 'no-place'
  | 'unknown'
  | 'empty'
  | 'behind'
  | 'no-mark-yet'
  | 'better-candidate';
export type AcquireVerdict =
  | { readonly may: true; readonly why: Allowed }
  | { readonly may: false; readonly why: Refused };

/**
 * How long a node with data waits where Consul has no mark. Consul was wiped, or this fleet has never had a guard: by then
 * the last primary has noticed that its lease is gone (it renews each 5 s and gives up after 9 s), and other candidates
 * have told their progress.
 */
export const noMarkWaitMs = 10_000;

/**
 * Whether this node may take the lease. LiteFS gives it to whoever asks first, and resets everybody who is ahead of that
 * one (docs/facts.md, "LiteFS elects whoever asks first").
 */
export function judgeAcquire(facts: AcquireFacts): AcquireVerdict {
  const { own, mark } = facts;
  if (!facts.candidate) return refuse('no-candidate');
  if (!facts.mayLead) return refuse('replica-only');
  if (facts.place === undefined) return refuse('no-place');
  if (own === 'unknown') return judgeUnknown(facts);
  if (own === 'empty') {
    if (mark !== undefined) return refuse('empty');
    return facts.rivals.length > 0 ? refuse('better-candidate') : allow('first-boot');
  }
  if (mark !== undefined && hasReached(own, mark)) return allow('caught-up');
  const waitMs = mark === undefined ? noMarkWaitMs : facts.graceMs;
  if (facts.refusedForMs < waitMs) return refuse(mark === undefined ? 'no-mark-yet' : 'behind');
  if (facts.rivals.some((rival) => !hasReached(own, rival))) return refuse('better-candidate');
  return allow(mark === undefined ? 'no-mark' : 'grace');
}

/**
 * What is unknown counts as behind, and by grace alone it never leads. But where nobody knows of anything to be behind of,
 * a first boot that was cut off half way would otherwise be stuck for ever.
 */
function judgeUnknown({ mark, rivals, refusedForMs, graceMs }: AcquireFacts): AcquireVerdict {
  const isAlone = mark === undefined && rivals.length === 0;
  return isAlone && refusedForMs >= graceMs ? allow('grace') : refuse('unknown');
}

function allow(why: Allowed): AcquireVerdict {
  return { may: true, why };
}

function refuse(why: Refused): AcquireVerdict {
  return { may: false, why };
}
