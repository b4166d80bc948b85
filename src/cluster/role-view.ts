import type { NodeId, Role } from '../domain/role.ts';
import type { LeaseView } from './litefs-event.ts';

/** How long a role outlives the event stream that told it, while the stream is opened again. */
const streamGraceMs = 1000;
const firstDoubtMs = 250;
const longestDoubtMs = 4000;
/** A primary that was followed this long, or that sent a transaction, is not doubted when it comes back. */
const trustMs = 5000;

/** A primary that was named and then lost. */
interface Doubt {
  readonly hostname: string;
  readonly losses: number;
}

/**
 * Makes this node's role out of what LiteFS tells over time. Holds no timer and reads no clock: every call
 * brings the time, in monotonic milliseconds, and `recheckInMs` says when to look again without news.
 *
 * Two things keep it truthful without storms:
 * - A replica whose primary is dead tries it once a second, and LiteFS names the primary for the length of each
 *   try (docs/facts.md, "A missing .primary proves nothing"). A primary that was named and lost is therefore
 *   believed only after it stayed named for 250 ms, doubled with each loss up to 4 s. Another name is believed at once.
 * - A role outlives its event stream by 1 s, so that a stream that breaks and is opened again changes nothing.
 *   LiteFS itself refuses writes on a node that is not primary, so this is safe.
 */
export class RoleView {
  readonly #node: NodeId;
  #lease: LeaseView | undefined;
  #leaseSinceMs = 0;
  #lostStreamAtMs: number | undefined;
  #doubt: Doubt | undefined;

  constructor(node: NodeId) {
    this.#node = node;
  }

  /** LiteFS told this over a stream that counts. */
  saw(lease: LeaseView, nowMs: number): void {
    this.#lostStreamAtMs = undefined;
    const before = this.#lease;
    if (before?.isPrimary === lease.isPrimary && before.hostname === lease.hostname) return;
    if (
      lease.isPrimary ||
      (lease.hostname !== undefined && lease.hostname !== this.#doubt?.hostname)
    ) {
      this.#doubt = undefined;
    } else if (lease.hostname === undefined && before?.hostname !== undefined) {
      const isSame = this.#doubt?.hostname === before.hostname;
      const isTrusted = nowMs - this.#leaseSinceMs >= trustMs;
      const losses = isSame && !isTrusted ? (this.#doubt?.losses ?? 0) + 1 : 1;
      this.#doubt = { hostname: before.hostname, losses };
    }
    this.#lease = lease;
    this.#leaseSinceMs = nowMs;
  }

  /** A transaction came in: the primary that is named is really there. */
  sawTransaction(): void {
    if (this.#doubt?.hostname === this.#lease?.hostname) this.#doubt = undefined;
  }

  lostStream(nowMs: number): void {
    this.#lostStreamAtMs ??= nowMs;
  }

  role(hasDatabase: boolean, nowMs: number): Role {
    const lease = this.#lease;
    const alone: Role = { is: hasDatabase ? 'detached' : 'joining' };
    if (lease === undefined || this.#isStale(nowMs)) return alone;
    if (lease.isPrimary) return { is: 'primary' };
    // NOTE: LiteFS names this very node while Consul still holds the lease of its last run.
    if (!hasDatabase || lease.hostname === undefined || lease.hostname === this.#node) return alone;
    if (this.#doubtLeftMs(nowMs) > 0) return alone;
    return { is: 'replica', primary: lease.hostname };
  }

  /** Milliseconds after which `role` may answer differently without news; `undefined` when it cannot. */
  recheckInMs(nowMs: number): number | undefined {
    const waits: number[] = [];
    if (this.#lostStreamAtMs !== undefined && !this.#isStale(nowMs)) {
      waits.push(this.#lostStreamAtMs + streamGraceMs - nowMs);
    }
    const doubtLeftMs = this.#doubtLeftMs(nowMs);
    if (doubtLeftMs > 0) waits.push(doubtLeftMs);
    return waits.length === 0 ? undefined : Math.min(...waits);
  }

  #isStale(nowMs: number): boolean {
    return this.#lostStreamAtMs !== undefined && nowMs - this.#lostStreamAtMs >= streamGraceMs;
  }

  #doubtLeftMs(nowMs: number): number {
    if (this.#doubt === undefined || this.#lease?.hostname !== this.#doubt.hostname) return 0;
    const doubtMs = Math.min(firstDoubtMs * 2 ** (this.#doubt.losses - 1), longestDoubtMs);
    return Math.max(0, this.#leaseSinceMs + doubtMs - nowMs);
  }
}
