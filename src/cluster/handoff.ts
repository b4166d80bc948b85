import type { NodeId } from '../domain/role.ts';
import { type CopyPositions, type CopyState, isNotBehind, isSameCopy } from './copy-state.ts';
import type { Candidate } from './guard-view.ts';

/** What a handoff does and sees, all of it bounded in time and none of it rejecting. */
export interface HandoffSteps {
  readonly node: NodeId;
  readonly isPrimary: () => boolean;
  /** The one other node that may become primary; `undefined` when there is none. */
  readonly findOther: () => Candidate | undefined;
  /** How far that node is, which its guard knows by then too; `undefined` when it does not say. */
  readonly askCopy: (node: NodeId) => Promise<CopyState | undefined>;
  readonly ownCopy: () => Promise<CopyPositions>;
  /** Takes no more writes; once it resolves to true nothing can be committed. `false`: no writer is open. */
  readonly rest: () => Promise<boolean>;
  /** Takes writes again, if this node is still primary. */
  readonly resume: () => void;
  /** Has that node's LiteFS ask this one's for the lease. `unknown` when there was no answer. */
  readonly promote: (candidate: Candidate) => Promise<'asked' | 'refused' | 'unknown'>;
  /** Whether a node says that it takes writes. */
  readonly takesWrites: (node: NodeId) => Promise<boolean>;
  readonly monotonicMs: () => number;
  readonly pause: (ms: number) => Promise<void>;
}

/** How long each part of a handoff may take, milliseconds. */
export interface HandoffLimits {
  /** For the other candidate to say anything at all. */
  readonly silentMs: number;
  /** For the other candidate to come near, while this node goes on to take writes. */
  readonly nearMs: number;
  /** For it to be at exactly this node's position, while writes are held. */
  readonly sameMs: number;
  /** For the lease to be gone once it was asked for. */
  readonly goneMs: number;
  /** For the new primary to take writes. */
  readonly openMs: number;
}

/** Why a handoff was refused. After each of these this node is primary as before, or never was. */
export type HandoffRefusal =
  | 'not_primary'
  | 'not_open'
  | 'to_itself'
  | 'no_candidate'
  | 'not_candidate'
  | 'silent'
  | 'behind'
  | 'not_promoted';

/** How a handoff went. `heldMs` is how long nobody took writes; `undefined` when the new primary does not say yet. */
export type HandoffResult =
  | { readonly is: 'handed_over'; readonly to: NodeId; readonly heldMs: number | undefined }
  | { readonly is: 'refused'; readonly why: HandoffRefusal; readonly other?: NodeId | undefined };

const lookEveryMs = 5;

/**
 * Hands the lease over to the other candidate, without losing a write (docs/facts.md, "A handoff under load loses
 * writes"): nothing is committed from before that node's position is compared with this one's until the lease has
 * moved. A handoff that is refused leaves this node writing.
 *
 * While the other candidate is far behind, writes go on: it is waited for in `nearMs` first.
 */
export async function handOver(
  steps: HandoffSteps,
  limits: HandoffLimits,
  to?: NodeId,
): Promise<HandoffResult> {
  if (!steps.isPrimary()) return { is: 'refused', why: 'not_primary' };
  if (to === steps.node) return { is: 'refused', why: 'to_itself' };
  const other = steps.findOther();
  if (other === undefined) return { is: 'refused', why: 'no_candidate' };
  const refused = (why: HandoffRefusal): HandoffResult => {
    steps.resume();
    return { is: 'refused', why, other: other.node };
  };
  if (to !== undefined && to !== other.node) {
    return { is: 'refused', why: 'not_candidate', other: other.node };
  }
  const heard = await within(steps, limits.silentMs, async () =>
    (await steps.askCopy(other.node)) === undefined ? 'silent' : 'yes',
  );
  if (heard !== 'yes') return { is: 'refused', why: heard, other: other.node };
  const near = await within(steps, limits.nearMs, () => isNear(steps, other.node));
  if (near !== 'yes') return { is: 'refused', why: near, other: other.node };

  const startMs = steps.monotonicMs();
  if (!(await steps.rest())) return { is: 'refused', why: 'not_open', other: other.node };
  const same = await within(steps, limits.sameMs, () => isThere(steps, other.node));
  if (same !== 'yes') return refused(same);
  if (!steps.isPrimary()) return refused('not_primary');
  if ((await steps.promote(other)) === 'refused') return refused('not_promoted');
  // Whatever was answered: what LiteFS has been asked for it may still do, and nothing may be written then.
  const gone = await within(steps, limits.goneMs, async () => (steps.isPrimary() ? 'no' : 'yes'));
  if (gone !== 'yes') return refused('not_promoted');
  const open = await within(steps, limits.openMs, async () =>
    (await steps.takesWrites(other.node)) ? 'yes' : 'no',
  );
  const heldMs = open === 'yes' ? Math.round(steps.monotonicMs() - startMs) : undefined;
  return { is: 'handed_over', to: other.node, heldMs };
}

/** Looks until it is so, or `ms` have gone by; gives what it looked like last. */
async function within<Answer extends string>(
  { monotonicMs, pause }: HandoffSteps,
  ms: number,
  look: () => Promise<Answer | 'yes'>,
): Promise<Answer | 'yes'> {
  const deadlineMs = monotonicMs() + ms;
  for (;;) {
    const answer = await look();
    if (answer === 'yes' || monotonicMs() >= deadlineMs) return answer;
    await pause(lookEveryMs);
  }
}

async function isNear(steps: HandoffSteps, node: NodeId): Promise<'yes' | 'silent' | 'behind'> {
  const own = await steps.ownCopy();
  const copy = await steps.askCopy(node);
  if (copy === undefined) return 'silent';
  return copy.follows === steps.node && isNotBehind(copy, own) ? 'yes' : 'behind';
}

async function isThere(steps: HandoffSteps, node: NodeId): Promise<'yes' | 'silent' | 'behind'> {
  const [own, copy] = await Promise.all([steps.ownCopy(), steps.askCopy(node)]);
  if (copy === undefined) return 'silent';
  return copy.follows === steps.node && isSameCopy(own, copy) ? 'yes' : 'behind';
}
