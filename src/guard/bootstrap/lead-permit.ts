import { setTimeout as delay } from 'node:timers/promises';
import { type BootstrapLog, createSayer } from './await-start.ts';
import type { BootstrapDecision } from './decide.ts';

const pauseMs = 1000;

/**
 * Whether a LiteFS that was started as a replica only may lead by now. It looks each second until the answer is `start`,
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
    const say = createSayer(parts.log);
    while (!this.#mayLead && !signal.aborted) {
      await delay(pauseMs, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      const decision = await parts.decide();
      if (decision.do !== 'start as replica only') say(decision);
      this.#mayLead = decision.do === 'start';
    }
  }
}
