import type { ConsulKeys } from './consul-keys.ts';
import type { ConsulTree } from './consul-tree.ts';
import { describeError } from './describe-error.ts';
import type { GuardLog } from './log.ts';
import { type Mark, raiseMark } from './mark.ts';
import type { GuardMetrics } from './metrics.ts';
import type { OwnLease } from './own-lease.ts';
import type { PlaceKeeper } from './place-keeper.ts';
import type { ProgressView } from './progress.ts';
import type { Refusals } from './refusals.ts';

const everyMs = 1_000;
/** Consul's keys are made for what changes seldom. */
const markEveryMs = 1_000;
const complainEveryMs = 30_000;

interface Parts {
  readonly node: string;
  readonly candidate: boolean;
  readonly keys: ConsulKeys;
  readonly places: PlaceKeeper;
  readonly lease: OwnLease;
  readonly progress: ProgressView;
  readonly refusals: Refusals;
  readonly log: GuardLog;
  readonly metrics: GuardMetrics;
  /** Monotonic. */
  readonly nowMs: () => number;
}

/** Looks at Consul once a second: keeps this node's candidate place, raises the mark while this node leads. */
export class Watch {
  readonly #parts: Parts;
  readonly #closing = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #tree: ConsulTree | undefined;
  #markedAtMs = Number.NEGATIVE_INFINITY;
  #complainedAtMs = Number.NEGATIVE_INFINITY;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** What Consul said when it last answered. */
  get tree(): ConsulTree | undefined {
    return this.#tree;
  }

  /** Looks once, so that this node has its place before LiteFS asks for the lease, and goes on by itself. */
  async start(): Promise<void> {
    await this.#look();
    this.#running = this.#goOn();
  }

  /** Ends the looking and gives the candidate place back. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#running;
    await this.#parts.places.close().catch((error) => this.#complain(error));
  }

  async #goOn(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      await this.#untilDue(signal);
      if (!signal.aborted) await this.#look();
    }
  }

  /**
   * Waits a second, or until there is news to raise the mark by. A primary that dies right after a write would otherwise
   * leave a mark behind that does not know of it.
   */
  async #untilDue(signal: AbortSignal): Promise<void> {
    const { progress, nowMs } = this.#parts;
    const dueAtMs = nowMs() + everyMs;
    while (!signal.aborted && nowMs() < dueAtMs) {
      if (nowMs() - this.#markedAtMs >= markEveryMs && this.#nextMark(this.#tree)) return;
      await progress.news(dueAtMs - nowMs(), signal);
    }
  }

  async #look(): Promise<void> {
    const { keys, places, candidate, refusals } = this.#parts;
    try {
      let tree = await keys.readTree();
      if (tree.lease !== undefined) refusals.led();
      if (candidate) {
        // What was just freed is taken now and not a second later.
        for (let steps = 0; steps < 3 && (await places.step(tree)); steps += 1) {
          tree = await keys.readTree();
        }
      }
      this.#tree = tree;
      await this.#raiseMark(tree);
    } catch (error) {
      this.#complain(error);
    }
  }

  async #raiseMark(tree: ConsulTree): Promise<void> {
    const { keys, lease, metrics, nowMs } = this.#parts;
    const { held } = lease;
    const mark = this.#nextMark(tree);
    if (held === undefined || mark === undefined) return;
    this.#markedAtMs = nowMs();
    const written = await keys.writeMark(mark, tree.markIndex, held.session);
    metrics.count('mark_writes_total', { written: String(written) });
    if (written) this.#tree = { ...tree, mark };
  }

  /** The mark that this node would write where `tree` is what Consul has; `undefined` for none. */
  #nextMark(tree: ConsulTree | undefined): Mark | undefined {
    const { lease, progress, node } = this.#parts;
    return lease.held === undefined ? undefined : raiseMark(tree?.mark, progress.fresh(), node);
  }

  #complain(error: unknown): void {
    const { log, nowMs } = this.#parts;
    if (nowMs() - this.#complainedAtMs < complainEveryMs) return;
    this.#complainedAtMs = nowMs();
    log.warn('Consul cannot be looked at', { err: describeError(error) });
  }
}

/** Resolves after `ms` milliseconds, or at once when `signal` aborts. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const end = () => resolve();
  const timer = setTimeout(end, ms);
  signal.addEventListener('abort', end, { once: true });
  await promise;
  clearTimeout(timer);
  signal.removeEventListener('abort', end);
}
