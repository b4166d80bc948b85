/** Consul's time-to-live of a session, milliseconds; `lease.consul.ttl` of litefs.yml. */
export const leaseTtlMs = 10_000;

/** A lease as its holder's guard knows it. */
export interface HeldLease {
  readonly session: string;
  /** Monotonic start of the last call by which Consul confirmed the session. */
  readonly confirmedAtMs: number;
}

/**
 * Whether this node's LiteFS holds the lease, learned from its calls to Consul. The time that counts is when a call was
 * made and not when it was answered: Consul starts the session's time anew somewhere in between.
 */
export class OwnLease {
  readonly #nowMs: () => number;
  /** Sessions that this LiteFS made. Another one was handed over by the last primary. */
  readonly #made = new Set<string>();
  #held: HeldLease | undefined;

  /** `nowMs` is monotonic. */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** The lease, unless Consul may have given it away already. */
  get held(): HeldLease | undefined {
    const held = this.#held;
    return held !== undefined && this.#nowMs() - held.confirmedAtMs < leaseTtlMs ? held : undefined;
  }

  /** The session that the lease is held by, however old its last confirmation is. */
  get session(): string | undefined {
    return this.#held?.session;
  }

  made(session: string): void {
    this.#made.add(session);
  }

  isOwnSession(session: string): boolean {
    return this.#made.has(session);
  }

  acquired(session: string, startedAtMs: number): void {
    this.#held = { session, confirmedAtMs: startedAtMs };
  }

  renewed(session: string, startedAtMs: number): void {
    if (this.#held?.session === session) this.acquired(session, startedAtMs);
  }

  /** The session has ended or is about to: LiteFS gives a lease back only when it is primary no more. */
  ended(session: string): void {
    this.#made.delete(session);
    if (this.#held?.session === session) this.#held = undefined;
  }

  /** Consul named another holder: the lease was handed over. */
  lost(): void {
    this.#held = undefined;
  }
}
