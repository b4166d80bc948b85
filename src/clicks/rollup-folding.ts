import type { Logger } from 'pino';
import { hoursPerDay, msPerHour, toHour } from '../domain/click.ts';
import type { Clock } from '../domain/clock.ts';
import { Failure } from '../domain/failure.ts';
import { NotPrimary } from '../domain/not-primary.ts';
import type { ClickWriterSource } from '../domain/writer.ts';

/** What the folding of rollups works with. */
export interface RollupFoldingOptions {
  readonly writers: ClickWriterSource;
  readonly clock: Clock;
  /** How long counts stay by the hour, milliseconds. */
  readonly hoursKeptMs: number;
  readonly log: Logger;
}

/** A primary that has just begun has more urgent things to do. */
const firstAfterMs = 60_000;
const everyMs = msPerHour;

/** Once an hour has the primary fold old counts by the hour into days; does nothing on other nodes. */
export class RollupFolding implements AsyncDisposable {
  readonly #options: RollupFoldingOptions;
  #timer: NodeJS.Timeout;
  #isOver = false;
  #work: Promise<void> = Promise.resolve();

  constructor(options: RollupFoldingOptions) {
    this.#options = options;
    this.#timer = this.#foldAfter(firstAfterMs);
  }

  /** Waits for the transaction that is under way; what is left is folded another time. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    clearTimeout(this.#timer);
    await this.#work;
  }

  #foldAfter(ms: number): NodeJS.Timeout {
    return setTimeout(() => {
      this.#work = this.#fold().finally(() => {
        if (!this.#isOver) this.#timer = this.#foldAfter(everyMs);
      });
    }, ms);
  }

  /** One short transaction after the other, so that merges come in between. Never rejects. */
  async #fold(): Promise<void> {
    const { writers, clock, hoursKeptMs, log } = this.#options;
    // Whole days only: of a day that is half by the hour, nobody could tell the rest.
    const day = Math.floor(toHour(clock.now() - hoursKeptMs) / hoursPerDay);
    const beforeHour = day * hoursPerDay;
    try {
      for (let isDone = false; !isDone && !this.#isOver; ) {
        const { value } = await writers.clickWriter().count('foldClicks', { beforeHour });
        isDone = value.isDone;
      }
    } catch (err) {
      // Another node is primary, or this one cannot write now: there is no hurry.
      if (!(err instanceof NotPrimary || err instanceof Failure)) {
        log.error({ err }, 'rollups not folded');
      }
    }
  }
}
