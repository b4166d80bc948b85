import type { Logger } from 'pino';
import type { NodeId } from '../domain/role.ts';
import { decideTakeOver, type TakeOverDecision, type TakeOverFacts } from './take-over-rule.ts';

/** What a `TakeOver` needs. */
export interface TakeOverOptions {
  /** What is so at the moment. */
  readonly readFacts: () => Promise<TakeOverFacts>;
  /** Asks the primary to hand the lease to this node; resolves to what it says. Rejects when there is no answer. */
  readonly ask: (
    primary: NodeId,
    signal: AbortSignal,
  ) => Promise<{ readonly status: number; readonly body: string }>;
  readonly log: Logger;
  /** How often it is looked whether to ask, and the first pause after a refusal; default 1,000 ms. */
  readonly everyMs?: number;
}

const longestPauseMs = 60_000;

/**
 * Has a candidate of a newer release ask for the lease, until it has it or no longer wants it. After each refusal it
 * waits twice as long, up to a minute.
 */
export class TakeOver implements AsyncDisposable {
  readonly #options: TakeOverOptions;
  readonly #stop = new AbortController();
  readonly #work: Promise<void>;
  #endPause: (() => void) | undefined;
  #decision: TakeOverDecision | undefined;

  constructor(options: TakeOverOptions) {
    this.#options = options;
    this.#work = this.#keepLooking();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    this.#endPause?.();
    await this.#work;
  }

  async #keepLooking(): Promise<void> {
    const { everyMs = 1000 } = this.#options;
    let pauseMs = everyMs;
    for (;;) {
      await this.#pause(pauseMs);
      if (this.#stop.signal.aborted) return;
      const hasAsked = await this.#look();
      pauseMs = hasAsked ? Math.min(pauseMs * 2, longestPauseMs) : everyMs;
    }
  }

  /** Whether the primary was asked. Never rejects. */
  async #look(): Promise<boolean> {
    const { readFacts, ask, log } = this.#options;
    try {
      const facts = await readFacts();
      const decision = decideTakeOver(facts);
      if (decision === 'has_failed' && this.#decision !== decision) {
        log.error(
          { known: facts.known, applied: facts.applied },
          'migrations have failed on this node, so it does not ask for the lease',
        );
      }
      this.#decision = decision;
      if (decision !== 'ask' || facts.role.is !== 'replica') return false;
      const { primary } = facts.role;
      log.info(
        { primary, known: facts.known, applied: facts.applied },
        'asking for the lease, since this release has newer migrations',
      );
      const { status, body } = await ask(primary, this.#stop.signal);
      if (status !== 200) log.warn({ primary, status, body }, 'lease not given');
    } catch (err) {
      if (!this.#stop.signal.aborted) log.warn({ err }, 'lease not asked for');
    }
    return true;
  }

  async #pause(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#endPause = resolve;
    const timer = setTimeout(resolve, ms);
    await promise;
    clearTimeout(timer);
  }
}
