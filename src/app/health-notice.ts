import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../domain/clock.ts';

/** Whoever has not looked for this long sends nothing here; Fly looks every 5 s (fly.toml). */
const lookedLatelyMs = 15_000;

/**
 * Tells those who route requests here that this node is about to end, before its ports close: `/healthz` says no from
 * then on, so that they send requests elsewhere.
 */
export class HealthNotice {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #noticeMs: number;
  #lookedAtMs = Number.NEGATIVE_INFINITY;
  #isLeaving = false;

  /** `noticeMs`: how long they have to look, milliseconds. */
  constructor(options: { readonly clock: Pick<Clock, 'monotonicMs'>; readonly noticeMs: number }) {
    this.#clock = options.clock;
    this.#noticeMs = options.noticeMs;
  }

  /** Somebody looks at `/healthz`. Says whether this node is about to end. */
  look(): boolean {
    this.#lookedAtMs = this.#clock.monotonicMs();
    return this.#isLeaving;
  }

  /** Says no from now on. Resolves when they have had the time to look, at once when nobody has looked lately. */
  async leave(): Promise<void> {
    this.#isLeaving = true;
    if (this.#clock.monotonicMs() - this.#lookedAtMs > lookedLatelyMs) return;
    await delay(this.#noticeMs);
  }
}
