import type { Durability } from '../domain/durability.ts';
import type { Position } from '../domain/position.ts';
import { type ChainLink, OwnChain } from './own-chain.ts';
import { ShownPositions } from './shown-positions.ts';

/** Bounds of what waits and of what is remembered. */
export interface AcknowledgementLimits {
  /** How long a write waits for the other candidate, milliseconds. */
  readonly waitMs: number;
  /** Further ones are told `local` at once. */
  readonly maxWaiters: number;
  /** How many positions of each side are remembered. */
  readonly maxPositions: number;
}

export const acknowledgementLimits: AcknowledgementLimits = {
  waitMs: 1000,
  maxWaiters: 10_000,
  maxPositions: 4096,
};

/** A write that waits until the other candidate has it. */
interface Waiter {
  readonly index: number;
  readonly deadlineMs: number;
  readonly settle: (durability: Durability) => void;
}

/**
 * Decides which writes the other candidate has, out of what that one shows and what this primary has committed. Holds
 * no timer and reads no clock: every call brings the time, in monotonic milliseconds.
 *
 * A position that the candidate shows and that is on this primary's own chain, whole, proves itself and all before it
 * on the chain. Anything else proves nothing: the same txid may stand for another transaction.
 *
 * Writes wait only as long as that makes sense. When one has waited its time in vain, or the candidate is away, the
 * breaker opens: all are told `local`, at once, until the candidate has shown that it keeps up again.
 */
export class Acknowledgements {
  readonly #limits: AcknowledgementLimits;
  readonly #shown: ShownPositions;
  #chain: OwnChain | undefined;
  /** Up to which index of the chain the candidate has everything. */
  #proven = -1;
  #isConnected = false;
  #keepsUp = false;
  /** Counts what the candidate has shown, to tell an answer that came too late. */
  #shows = 0;
  #waiters: Waiter[] = [];

  constructor(limits: AcknowledgementLimits = acknowledgementLimits) {
    this.#limits = limits;
    this.#shown = new ShownPositions(limits.maxPositions);
  }

  /** Whether writes wait: the candidate is there and keeps up. Else the breaker is open. */
  get keepsUp(): boolean {
    return this.#keepsUp;
  }

  /** How many writes wait. */
  get waiting(): number {
    return this.#waiters.length;
  }

  /** When the first of those who wait has waited its time; `undefined` when nobody waits. */
  get nextDeadlineMs(): number | undefined {
    return this.#waiters[0]?.deadlineMs;
  }

  /** This node became primary, and its first transaction brought the database to `position`. */
  begin(position: Position, nowMs: number): void {
    this.end();
    this.#chain = new OwnChain(position, nowMs, this.#limits.maxPositions);
    if (this.#shown.has(position)) this.#prove(this.#chain.tip, nowMs);
  }

  /** The term as primary is over. */
  end(): void {
    this.#open();
    this.#chain = undefined;
    this.#proven = -1;
  }

  /** The stream of the candidate is open: what it shows from now on counts. */
  connected(): void {
    this.#isConnected = true;
  }

  /** The stream ended, or another node is candidate now: what was shown is over. */
  disconnected(): void {
    this.#isConnected = false;
    this.#shown.clear();
    this.#proven = -1;
    this.#open();
  }

  /** The candidate has put this transaction on its disk. */
  shown(position: Position, nowMs: number): void {
    if (!this.#isConnected) return;
    this.#shows += 1;
    if (this.#shown.add(position) === 'set back') {
      this.#proven = -1;
      this.#open();
    }
    const link = this.#chain?.find(position);
    if (link !== undefined) this.#prove(link, nowMs);
  }

  /**
   * Marks the moment in which the candidate is asked for its position. The result takes the answer, which counts only
   * when the candidate has shown nothing since: that would be newer.
   */
  asked(): (position: Position, nowMs: number) => void {
    const before = this.#shows;
    return (position, nowMs) => {
      if (before === this.#shows) this.shown(position, nowMs);
    };
  }

  /** A write brought the database to `position`, or found it there: `settle` is told what is known of it, once. */
  wait(position: Position, nowMs: number, settle: (durability: Durability) => void): void {
    const link = this.#chain?.add(position, nowMs);
    if (link !== undefined && this.#shown.has(position)) this.#prove(link, nowMs);
    const isProven = link !== undefined && link.index <= this.#proven;
    const mayWait = this.#keepsUp && this.#waiters.length < this.#limits.maxWaiters;
    if (isProven) settle('replicated');
    else if (link === undefined || !mayWait) settle('local');
    else this.#waiters.push({ index: link.index, deadlineMs: nowMs + this.#limits.waitMs, settle });
  }

  /** Opens the breaker when somebody has waited long enough, and says whether it did. */
  tick(nowMs: number): boolean {
    const { nextDeadlineMs } = this;
    if (nextDeadlineMs === undefined || nextDeadlineMs > nowMs) return false;
    this.#open();
    return true;
  }

  #prove(link: ChainLink, nowMs: number): void {
    if (link.index > this.#proven) {
      this.#proven = link.index;
      const proven = this.#waiters.filter(({ index }) => index <= link.index);
      if (proven.length > 0)
        this.#waiters = this.#waiters.filter(({ index }) => index > link.index);
      for (const { settle } of proven) settle('replicated');
    }
    // Where writes follow each other closely, the candidate may never be seen at the very tip.
    const isClose = nowMs - link.atMs <= this.#limits.waitMs / 2;
    this.#keepsUp ||= isClose || link.index === this.#chain?.tip.index;
  }

  /** Opens the breaker. */
  #open(): void {
    this.#keepsUp = false;
    for (const { settle } of this.#waiters.splice(0)) settle('local');
  }
}
