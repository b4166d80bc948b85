import type { Progress } from '../domain/position.ts';
import type { ConsulKeys } from './consul-keys.ts';
import type { ConsulTree, PlaceNumber, TakenPlace } from './consul-tree.ts';
import type { GuardLog } from './log.ts';
import { type FreedPlace, judgePlace, noteFreed } from './places.ts';

/** A guard that is gone has its place for up to twice as long (docs/facts.md, "Consul doubles the TTL"). */
const sessionTtl = '10s';
const renewEveryMs = 3_000;
const complainEveryMs = 60_000;

interface Parts {
  readonly node: string;
  readonly litefsUrl: string;
  readonly keys: ConsulKeys;
  readonly log: GuardLog;
  /** Monotonic. */
  readonly nowMs: () => number;
  /** What this node says of its progress in its place; `undefined` for nothing. */
  readonly publicProgress: () => Progress | undefined;
}

/** Holds one of the two candidate places for this node, by a Consul session of its own. */
export class PlaceKeeper {
  readonly #parts: Parts;
  readonly #freed = new Map<PlaceNumber, FreedPlace>();
  #session: string | undefined;
  #renewedAtMs = 0;
  #written = '';
  #former: PlaceNumber | undefined;
  #held: PlaceNumber | undefined;
  #before: ConsulTree | undefined;
  #complainedAtMs = Number.NEGATIVE_INFINITY;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** The place that Consul said is ours when it was last asked. */
  get held(): PlaceNumber | undefined {
    return this.#held;
  }

  /** The place that is ours by what Consul says in `tree`. */
  ownPlaceIn(tree: ConsulTree): TakenPlace | undefined {
    return tree.places.find((place) => place.session === this.#session);
  }

  /** Does what is due, by a fresh `tree`. Whether Consul's keys have changed by it. Rejects as `ConsulKeys` does. */
  async step(tree: ConsulTree): Promise<boolean> {
    const { node, keys, log, nowMs } = this.#parts;
    noteFreed(this.#freed, this.#before, tree, nowMs());
    this.#before = tree;
    const wasEnded = this.#held !== undefined && this.ownPlaceIn(tree) === undefined;
    const session = await this.#livingSession(wasEnded);
    const { places } = tree;
    const former = this.#former;
    const step = judgePlace({ node, session, places, former, freed: this.#freed, nowMs: nowMs() });
    const lost = this.#held !== undefined && step.do !== 'keep';
    if (lost) {
      log.warn('candidate place lost', { place: this.#held });
      this.#held = undefined;
    }
    switch (step.do) {
      case 'keep':
        this.#held = step.number;
        return this.#write(step.number, session, false);
      case 'take':
        return this.#write(step.number, session, true);
      case 'end-last-run':
        // Again and again where two machines have one NODE_ID, which nothing here can heal.
        log.warn('candidate place of the last run freed', { session: step.session });
        await keys.destroySession(step.session);
        return true;
      case 'wait':
        this.#complain(tree);
        return lost;
    }
  }

  /** Gives the place back. */
  async close(): Promise<void> {
    if (this.#session !== undefined) await this.#parts.keys.destroySession(this.#session);
  }

  async #livingSession(perhapsEnded: boolean): Promise<string> {
    const { keys, nowMs } = this.#parts;
    const startedAtMs = nowMs();
    if (this.#session !== undefined) {
      const isYoung = startedAtMs - this.#renewedAtMs < renewEveryMs;
      if (isYoung && !perhapsEnded) return this.#session;
      if (await keys.renewSession(this.#session)) {
        this.#renewedAtMs = startedAtMs;
        return this.#session;
      }
    }
    this.#session = await keys.createPlaceSession(sessionTtl);
    this.#renewedAtMs = startedAtMs;
    return this.#session;
  }

  async #write(number: PlaceNumber, session: string, take: boolean): Promise<boolean> {
    const { node, litefsUrl, keys, log, publicProgress } = this.#parts;
    const progress = publicProgress();
    const value = JSON.stringify({ node, litefsUrl, ...(progress && { progress }) });
    if (!take && value === this.#written) return false;
    if (!(await keys.writePlace(number, session, value))) return false;
    this.#written = value;
    if (take) log.info('candidate place taken', { place: number });
    this.#held = number;
    this.#former = number;
    return true;
  }

  /** A third candidate would make an acknowledgement by one other candidate worth nothing. */
  #complain({ places }: ConsulTree): void {
    const { log, nowMs } = this.#parts;
    if (nowMs() - this.#complainedAtMs < complainEveryMs) return;
    this.#complainedAtMs = nowMs();
    log.error('both candidate places are taken: this node is no candidate', {
      holders: places.map((place) => place.node),
    });
  }
}
