import { z } from 'zod';
import { isTxid, type Progress } from '../domain/position.ts';
import type { NodeId } from '../domain/role.ts';

/** A holder of one of the two candidate places. */
export interface Candidate {
  readonly node: NodeId;
  /** Origin of its LiteFS's HTTP API. */
  readonly litefsUrl: string;
  readonly place: number;
}

/**
 * What the guard of this machine knows of Consul, in this process's own time: every `…AtMs` is monotonic, and rather
 * too early than too late.
 */
export interface GuardView {
  readonly node: NodeId;
  /** When the guard was asked for this. */
  readonly askedAtMs: number;
  /** Whether this node holds a candidate place and its LiteFS may lead. */
  readonly isCandidate: boolean;
  readonly lease: {
    readonly holder: NodeId | undefined;
    readonly isOurs: boolean;
    /** When the last call began by which Consul confirmed our session; `undefined` without the lease. */
    readonly renewedAtMs: number | undefined;
  };
  /** When Consul answered last; `undefined` when it has not yet. */
  readonly consulAnsweredAtMs: number | undefined;
  /** The holders of both places. */
  readonly candidates: readonly Candidate[];
  /** The most that a primary has had, as far as it is known. */
  readonly mark: (Progress & { readonly node: NodeId }) | undefined;
}

const msAgo = z.number().nonnegative().nullable();
const leaseAnswer = z.object({
  node: z.string(),
  candidate: z.boolean(),
  lease: z.object({ holder: z.string().nullable(), isOurs: z.boolean(), renewedMsAgo: msAgo }),
  consul: z.object({ answeredMsAgo: msAgo }),
  candidates: z.array(z.object({ node: z.string(), litefsUrl: z.url(), place: z.number() })),
  mark: z
    .object({ epoch: z.number(), txid: z.string().refine(isTxid), node: z.string() })
    .nullable(),
});

/**
 * Parses the guard's answer on `/guard/lease` to a question that was asked at `askedAtMs`. Throws `ZodError` when it is
 * none. The ages in it are counted back from the question, not from the answer, so that nothing seems fresher than it is.
 */
export function parseGuardView(answer: unknown, askedAtMs: number): GuardView {
  const { node, candidate, lease, consul, candidates, mark } = leaseAnswer.parse(answer);
  const toTime = (ago: number | null) => (ago === null ? undefined : askedAtMs - ago);
  return {
    node,
    askedAtMs,
    isCandidate: candidate,
    lease: {
      holder: lease.holder ?? undefined,
      isOurs: lease.isOurs,
      renewedAtMs: toTime(lease.renewedMsAgo),
    },
    consulAnsweredAtMs: toTime(consul.answeredMsAgo),
    candidates: candidates.map(({ node: name, litefsUrl, place }) => ({
      node: name,
      litefsUrl: litefsUrl.replace(/\/$/, ''),
      place,
    })),
    mark: mark ?? undefined,
  };
}

/**
 * The one other node that has to have a write before it is replicated; `undefined` when there is no such one. Where
 * this node holds no place itself, or another one holds none, a third could win that nobody has asked
 * (docs/facts.md, "LiteFS elects whoever asks first").
 */
export function findOtherCandidate(view: GuardView): Candidate | undefined {
  const others = view.candidates.filter(({ node }) => node !== view.node);
  return others.length === 1 && view.candidates.length === 2 ? others[0] : undefined;
}

/**
 * How long a renewal holds for an acknowledgement: LiteFS steps down 1 s before its TTL of 10 s has gone by without one,
 * and Consul gives the lease to nobody else before the TTL (docs/facts.md, "LiteFS waits for Consul without end").
 */
const renewalHoldsMs = 9000;

/** Whether nobody else can hold the lease: Consul confirmed ours less than 9 s ago. */
export function isLeaseSure(view: GuardView, nowMs: number): boolean {
  const { isOurs, renewedAtMs } = view.lease;
  return isOurs && renewedAtMs !== undefined && nowMs - renewedAtMs < renewalHoldsMs;
}
