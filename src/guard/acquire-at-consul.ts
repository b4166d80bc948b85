import { type AcquireFacts, type AcquireVerdict, judgeAcquire } from './acquire-gate.ts';
import { consulTimeoutMs } from './consul-call.ts';
import type { ConsulKeys } from './consul-keys.ts';
import type { ConsulTree } from './consul-tree.ts';
import type { GuardLog } from './log.ts';
import type { GuardMetrics } from './metrics.ts';
import type { PlaceKeeper } from './place-keeper.ts';
import type { ProgressView } from './progress.ts';
import type { Refusals } from './refusals.ts';

/**
 * A node that looks behind may have what it lacks already: the app tells its progress up to 100 ms after a change, and a
 * handoff comes within some milliseconds of the last write.
 */
const patienceMs = 500;
/** What is left of a call's time for the call itself. */
const reserveMs = 500;

interface Parts {
  readonly candidate: boolean;
  /** Whether the bootstrap table lets this node lead. */
  readonly mayLead: () => boolean;
  readonly graceMs: number;
  readonly keys: ConsulKeys;
  readonly places: PlaceKeeper;
  readonly progress: ProgressView;
  readonly refusals: Refusals;
  readonly log: GuardLog;
  readonly metrics: GuardMetrics;
  /** Monotonic. */
  readonly nowMs: () => number;
}

/** Stands before each attempt of this node to take the lease, with what Consul says at that moment. */
export class AcquireGate {
  readonly #parts: Parts;
  #lastWhy: string | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /**
   * Whether LiteFS may take the lease with that session. Nothing Consul said earlier counts: the mark is final only once
   * the lease is vacant. `startedAtMs` is when LiteFS asked. Rejects with `ConsulSilent`.
   */
  async mayAcquire(session: string, startedAtMs: number): Promise<boolean> {
    const { keys, refusals, progress, nowMs } = this.#parts;
    const tree = await keys.readTree(consulTimeoutMs - reserveMs);
    const untilMs = startedAtMs + Math.min(patienceMs, consulTimeoutMs - reserveMs);
    let facts = this.#facts(tree);
    let verdict = judgeAcquire(facts);
    while (!verdict.may && (verdict.why === 'behind' || verdict.why === 'unknown')) {
      const leftMs = untilMs - nowMs();
      if (leftMs <= 0) break;
      await progress.news(leftMs);
      facts = this.#facts(tree);
      verdict = judgeAcquire(facts);
    }
    if (tree.lease === undefined || tree.lease.session === session) {
      if (verdict.may) refusals.led();
      else refusals.refused();
    }
    this.#tell(verdict, facts);
    return verdict.may;
  }

  #facts(tree: ConsulTree): AcquireFacts {
    const { candidate, graceMs, places, progress, refusals } = this.#parts;
    const place = places.ownPlaceIn(tree);
    return {
      ...{ candidate, graceMs, place: place?.number },
      mayLead: this.#parts.mayLead(),
      own: progress.own(),
      mark: tree.mark,
      rivals: tree.places
        .filter((each) => each !== place)
        .map((each) => each.progress)
        .filter((each) => each !== undefined),
      refusedForMs: refusals.forMs(),
    };
  }

  #tell(verdict: AcquireVerdict, facts: AcquireFacts): void {
    const { log, metrics } = this.#parts;
    const { why } = verdict;
    const fields = { why, own: facts.own, mark: facts.mark ?? null, place: facts.place ?? null };
    metrics.count('acquires_total', { allowed: String(verdict.may), why });
    if (verdict.may) {
      this.#lastWhy = undefined;
      if (why === 'grace') {
        log.error('takes the lease although it is behind: what is missing here is lost', fields);
      } else log.info('may take the lease', fields);
      return;
    }
    // Once a second as long as nobody leads: only what is new is worth a line.
    if (why !== this.#lastWhy) log.warn('must not take the lease', fields);
    this.#lastWhy = why;
  }
}
