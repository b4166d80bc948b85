import { describeError } from '../describe-error.ts';
import { awaitStart, type BootstrapLog, type FinalDecision } from './await-start.ts';
import { decideBootstrap } from './decide.ts';
import type { BootstrapDecision } from './decision.ts';
import type { BootstrapFacts } from './facts.ts';
import { LeadPermit } from './lead-permit.ts';
import { observeBootstrap } from './observe.ts';
import type { BootstrapSettings } from './settings.ts';
import { Snapshots } from './snapshots.ts';
import { serveWaitingStatus, type WaitingNode } from './waiting-status.ts';

/** What the guard gives to find out whether LiteFS may start. */
export interface BootstrapParts {
  readonly settings: BootstrapSettings;
  /** Of the guard; a backup is restored by a command in it. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly self: WaitingNode;
  readonly log: BootstrapLog;
}

/** Decides before LiteFS starts, and goes on looking while it must not lead. */
export class Bootstrap implements AsyncDisposable {
  readonly #parts: BootstrapParts;
  readonly #snapshots: Snapshots;
  #last: BootstrapDecision | undefined;
  #permit: LeadPermit | undefined;

  constructor(parts: BootstrapParts) {
    this.#parts = parts;
    this.#snapshots = new Snapshots({ env: parts.env, folder: parts.settings.restoreFrom });
  }

  /** Whether this node may try to get the lease: not before LiteFS may start, and not without links that others have. */
  get mayLead(): boolean {
    return this.#permit?.mayLead ?? false;
  }

  /**
   * Resolves when LiteFS may start or the guard has to end, and to `undefined` when `signal` aborts before. Meanwhile it
   * answers on the private port in place of the app.
   */
  async awaitStart(signal: AbortSignal): Promise<FinalDecision | undefined> {
    const { log } = this.#parts;
    await using snapshots = this.#snapshots;
    await using status = new WaitingStatus(this.#parts, () => this.#last?.sentence ?? '');
    const decision = await awaitStart({
      decide: async (waitedMs) => {
        const decided = await this.#decide({ joined: false, waitedMs });
        if (decided.do === 'wait' || decided.do === 'restore') await status.open();
        return decided;
      },
      restore: (clusterId) => snapshots.restore(clusterId, signal),
      ...{ log, signal },
    });
    if (decision !== undefined && decision.do !== 'stop') {
      const decide = () => this.#decide({ joined: true, waitedMs: 0 });
      this.#permit = new LeadPermit({ mayLead: decision.do === 'start', decide, log });
    }
    return decision;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#permit?.[Symbol.asyncDispose]();
  }

  async #decide(when: Pick<BootstrapFacts, 'joined' | 'waitedMs'>): Promise<BootstrapDecision> {
    this.#last = decideBootstrap(
      await observeBootstrap(this.#parts.settings, { ...when, findSnapshot: this.#snapshots.find }),
    );
    return this.#last;
  }
}

/** The answer on the private port, from the first time that there is something to wait for. */
class WaitingStatus implements AsyncDisposable {
  readonly #parts: BootstrapParts;
  readonly #sentence: () => string;
  #server: AsyncDisposable | undefined;
  #failed = false;

  constructor(parts: BootstrapParts, sentence: () => string) {
    this.#parts = parts;
    this.#sentence = sentence;
  }

  async open(): Promise<void> {
    if (this.#server !== undefined || this.#failed) return;
    const { settings, self, log } = this.#parts;
    const { privateHost: host, privatePort: port } = settings;
    try {
      this.#server = await serveWaitingStatus(self, { host, port, sentence: this.#sentence });
    } catch (error) {
      // Others will take this node for silent; that delays them and harms nothing.
      this.#failed = true;
      log.warn('the private port cannot be listened on', {
        err: describeError(error),
      });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server?.[Symbol.asyncDispose]();
  }
}
