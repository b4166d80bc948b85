import type { Clock } from '../domain/clock.ts';
import type { Cluster } from '../domain/cluster.ts';
import { Failure } from '../domain/failure.ts';
import type { Random } from '../domain/random.ts';
import type { Role } from '../domain/role.ts';
import type { WriteHold } from '../domain/write-hold.ts';

/** What a `MovingLeaseHold` needs. */
export interface WriteHoldOptions {
  readonly cluster: Cluster;
  /** Whether this node's writer takes writes. Not while it opens, and not while this node hands the lease over. */
  readonly takesWrites: () => boolean;
  /** How long a write is held at most, milliseconds. */
  readonly holdMs: number;
  /** Further ones are refused; default 1,000. */
  readonly maxHeld?: number;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly random: Random;
}

/** What became of writes that were held, since the start. */
export interface HoldCounts {
  /** Those that found their way. */
  readonly released: number;
  /** Those that waited in vain. */
  readonly expired: number;
  /** Those for which there was no room. */
  readonly refused: number;
}

/** A write that waits. */
interface Held {
  readonly deadlineMs: number;
  readonly wake: () => void;
}

/** How often held writes look around. */
const lookEveryMs = 5;

/**
 * Holds writes back while the lease moves: on a primary whose writer opens or that hands the lease over, and on a node
 * that lost its primary a moment ago, since every replica does in a handoff (docs/facts.md, "A handoff leaves replicas
 * without a primary"). A node that has known none for longer refuses at once: nobody gains from waiting then.
 */
export class MovingLeaseHold implements WriteHold, Disposable {
  readonly #options: WriteHoldOptions;
  readonly #stopListening: () => void;
  readonly #counts = { released: 0, expired: 0, refused: 0 };
  #lostPrimaryAtMs = Number.NEGATIVE_INFINITY;
  #before: Role;
  readonly #held = new Set<Held>();
  #isOver = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: WriteHoldOptions) {
    this.#options = options;
    this.#before = options.cluster.role();
    this.#stopListening = options.cluster.onRole((role) => this.#moved(role));
  }

  [Symbol.dispose](): void {
    this.#stopListening();
    this.#isOver = true;
    this.#wakeAll();
  }

  /** How many writes are held now. */
  get held(): number {
    return this.#held.size;
  }

  readCounts(): HoldCounts {
    return { ...this.#counts };
  }

  async findWay(): Promise<'here' | 'primary'> {
    const { maxHeld = 1000, holdMs } = this.#options;
    const deadlineMs = this.#nowMs() + holdMs;
    for (let isHeld = false; ; isHeld = true) {
      // Looked at anew after each wait: the way may have closed again by the time the waiting goes on.
      const way = this.#look();
      if (way === 'here' || way === 'primary') {
        if (isHeld) this.#counts.released += 1;
        return way;
      }
      if (way === 'nowhere' || this.#isOver || this.#nowMs() >= deadlineMs) {
        if (isHeld) this.#counts.expired += 1;
        throw this.#refusal();
      }
      if (!isHeld && this.#held.size >= maxHeld) {
        this.#counts.refused += 1;
        throw this.#refusal();
      }
      await this.#wait(deadlineMs);
    }
  }

  #wait(deadlineMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.#held.add({ deadlineMs, wake: resolve });
      this.#timer ??= setInterval(() => this.#wake(), lookEveryMs);
    });
  }

  /** Wakes those for which something has changed. */
  #wake(): void {
    if (this.#look() !== 'soon') {
      this.#wakeAll();
      return;
    }
    const nowMs = this.#nowMs();
    for (const held of this.#held) {
      if (held.deadlineMs > nowMs) continue;
      this.#held.delete(held);
      held.wake();
    }
    this.#restWhenEmpty();
  }

  #wakeAll(): void {
    for (const { wake } of this.#held) wake();
    this.#held.clear();
    this.#restWhenEmpty();
  }

  #restWhenEmpty(): void {
    if (this.#held.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #look(): 'here' | 'primary' | 'soon' | 'nowhere' {
    const { cluster, takesWrites, holdMs } = this.#options;
    switch (cluster.role().is) {
      case 'primary':
        return takesWrites() ? 'here' : 'soon';
      case 'replica':
        return 'primary';
      case 'detached':
        return this.#nowMs() - this.#lostPrimaryAtMs < holdMs ? 'soon' : 'nowhere';
      case 'joining':
        return 'nowhere';
    }
  }

  #moved(role: Role): void {
    const knewPrimary = this.#before.is === 'primary' || this.#before.is === 'replica';
    if (knewPrimary && role.is === 'detached') this.#lostPrimaryAtMs = this.#nowMs();
    this.#before = role;
    this.#wake();
  }

  #nowMs(): number {
    return this.#options.clock.monotonicMs();
  }

  #refusal(): Failure {
    return new Failure('unavailable', refusals[this.#options.cluster.role().is], {
      retryAfterS: this.#soonS(),
    });
  }

  /** 1 to 4 seconds, so that clients that were refused together do not come back together. */
  #soonS(): number {
    return 1 + ((this.#options.random.bytes(1)[0] ?? 0) & 3);
  }
}

const refusals = {
  primary:
    'This node does not take writes at the moment: the lease is moving, or a backup is being restored.',
  // Held for too long: by then the primary that it follows was there.
  replica: 'The primary has changed while the request waited.',
  detached: 'There is no primary at the moment, so nothing can be written.',
  joining: 'This node has no copy of the links yet.',
} as const satisfies Record<Role['is'], string>;
