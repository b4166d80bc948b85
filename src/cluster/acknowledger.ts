import type { Logger } from 'pino';
import type { Clock } from '../domain/clock.ts';
import type { Durability } from '../domain/durability.ts';
import type { Position } from '../domain/position.ts';
import type { NodeId } from '../domain/role.ts';
import { Acknowledgements } from './acknowledgements.ts';
import { CandidateFollower } from './candidate-follower.ts';
import type { AskCopy } from './copy-state.ts';
import type { GuardClient } from './guard-client.ts';
import { type Candidate, findOtherCandidate } from './guard-view.ts';

/** What an `Acknowledger` needs. */
export interface AcknowledgerOptions {
  readonly guard: Pick<GuardClient, 'view' | 'onAnswer'>;
  readonly askCopy: AskCopy;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly log: Logger;
}

/**
 * Waits, on the primary, until the other candidate has what was written. Follows that candidate, as the guard names it, from
 * the beginning of a term to its end.
 */
export class Acknowledger implements AsyncDisposable {
  readonly #options: AcknowledgerOptions;
  readonly #acknowledgements = new Acknowledgements();
  readonly #stopListening: () => void;
  readonly #closing = new Set<Promise<void>>();
  #isInTerm = false;
  #candidate: Candidate | undefined;
  #follower: CandidateFollower | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: AcknowledgerOptions) {
    this.#options = options;
    this.#stopListening = options.guard.onAnswer(() => this.#follow());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopListening();
    this.end();
    await Promise.all(this.#closing);
  }

  /** The other candidate, as the guard names it; `undefined` when there is none that counts. */
  get otherCandidate(): NodeId | undefined {
    const view = this.#options.guard.view();
    return view && findOtherCandidate(view)?.node;
  }

  /** Whether the other candidate keeps up, so that a write of now will wait for it. */
  get keepsUp(): boolean {
    return this.#acknowledgements.keepsUp;
  }

  /** How many writes wait. */
  get waiting(): number {
    return this.#acknowledgements.waiting;
  }

  /** This node became primary, and its first transaction brought `links.db` to `position`. */
  begin(position: Position): void {
    this.#isInTerm = true;
    this.#acknowledgements.begin(position, this.#options.clock.monotonicMs());
    this.#follow();
  }

  /** The term is over: whoever waits is told `local`. */
  end(): void {
    this.#isInTerm = false;
    this.#acknowledgements.end();
    this.#follow();
    this.#setTimer();
  }

  /**
   * Resolves to `replicated` once the other candidate has everything up to `position`, to `local` when that is not known
   * within a second, or at once when waiting makes no sense. Never rejects.
   */
  acknowledge(position: Position): Promise<Durability> {
    return new Promise((resolve) => {
      this.#acknowledgements.wait(position, this.#options.clock.monotonicMs(), resolve);
      if (this.#timer === undefined) this.#setTimer();
    });
  }

  #follow(): void {
    const view = this.#isInTerm ? this.#options.guard.view() : undefined;
    const candidate = view && findOtherCandidate(view);
    const before = this.#candidate;
    if (candidate?.node === before?.node && candidate?.litefsUrl === before?.litefsUrl) return;
    this.#candidate = candidate;
    if (this.#follower !== undefined) this.#close(this.#follower);
    this.#follower =
      candidate &&
      new CandidateFollower({
        ...this.#options,
        candidate,
        acknowledgements: this.#acknowledgements,
      });
  }

  #close(follower: CandidateFollower): void {
    const closing = follower[Symbol.asyncDispose]().finally(() => this.#closing.delete(closing));
    this.#closing.add(closing);
  }

  #setTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const deadlineMs = this.#acknowledgements.nextDeadlineMs;
    if (deadlineMs === undefined) return;
    const leftMs = deadlineMs - this.#options.clock.monotonicMs();
    this.#timer = setTimeout(() => this.#tick(), Math.max(0, Math.ceil(leftMs)));
  }

  #tick(): void {
    const isOpened = this.#acknowledgements.tick(this.#options.clock.monotonicMs());
    if (isOpened) {
      const candidate = this.#candidate?.node;
      this.#options.log.warn({ candidate }, 'the other candidate does not keep up');
      this.#follower?.reopen();
    }
    this.#setTimer();
  }
}
