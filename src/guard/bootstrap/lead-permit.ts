import { pause } from '../watch.ts';
import { type BootstrapLog, createSayer } from './await-start.ts';
import type { BootstrapDecision } from './decision.ts';

/** So that the lease can be handed to a node that has just joined. */
const pauseMs = 250;

const mustNot = 'must not lead yet';
const words = {
  start: 'may lead from now on',
  'start as replica only': mustNot,
  wait: mustNot,
  restore: mustNot,
  stop: mustNot,
} as const;

/**
 * Whether a LiteFS that was started as a replica only may lead by now. It looks again and again until the answer is `start`,
 * which it is once the links are there; LiteFS itself would let an empty node lead as soon as it was connected to a
 * primary, whose cluster id it takes before its data (docs/facts.md, "A cluster has an id").
 */
export class LeadPermit implements AsyncDisposable {
  #mayLead: boolean;
  readonly #end = new AbortController();
  readonly #watching: Promise<void>;

  constructor(parts: {
    readonly mayLead: boolean;
    readonly decide: () => Promise<BootstrapDecision>;
    readonly log: BootstrapLog;
  }) {
    this.#mayLead = parts.mayLead;
    this.#watching = this.#watch(parts);
  }

  /** Asked before each try to acquire the lease. */
  get mayLead(): boolean {
    return this.#mayLead;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort();
    await this.#watching;
  }

  async #watch(parts: {
    readonly decide: () => Promise<BootstrapDecision>;
    readonly log: BootstrapLog;
  }): Promise<void> {
    const { signal } = this.#end;
    const say = createSayer(parts.log, words);
    while (!this.#mayLead && !signal.aborted) {
      await pause(pauseMs, signal);
      if (signal.aborted) return;
      const decision = await parts.decide();
      say(decision);
      this.#mayLead = decision.do === 'start';
    }
  }
}
