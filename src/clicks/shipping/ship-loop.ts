import type { Logger } from 'pino';
import type { Clock } from '../../domain/clock.ts';
import { Failure } from '../../domain/failure.ts';
import type { Random } from '../../domain/random.ts';
import { backOffMs } from './back-off.ts';
import type { Shipper } from './shipper.ts';

/** What a ship loop works with. */
export interface ShipLoopOptions {
  readonly shipper: Pick<Shipper, 'step' | 'confirm' | 'forget' | 'askAgain' | 'stop'>;
  /** Calls `listener` after each batch that is sealed. Returns the way to stop. */
  readonly onSealed: (listener: () => void) => () => void;
  /** Calls `listener` whenever this node has another role or follows another primary. Returns the way to stop. */
  readonly onPrimaryChange: (listener: () => void) => () => void;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/** The primary is asked how far it is at least this often: it may have gone back in time. */
const askEveryMs = 30_000;
/** How often this node's own copy is looked at while something is not counted there, and otherwise. */
const confirmEveryMs = 1_000;
const releaseEveryMs = 60_000;
/** A batch after so much silence ends a pause: whoever tries a node out wants to see the click. */
const silenceMs = 5_000;

/** A pause that can be ended early. */
class Pause {
  #end: (() => void) | undefined;
  #isEnded = false;

  /** Resolves after `ms` milliseconds, or at once when it was ended since the last one. */
  async wait(ms: number): Promise<void> {
    if (!this.#isEnded) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        this.#end = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.#end = undefined;
    this.#isEnded = false;
  }

  end(): void {
    this.#isEnded = true;
    this.#end?.();
  }
}

/** Has a shipper work as long as this lives: at once when there is something to do, with pauses after failures. */
export class ShipLoop implements AsyncDisposable {
  readonly #options: ShipLoopOptions;
  readonly #stopListening: (() => void)[];
  readonly #shipPause = new Pause();
  readonly #confirmPause = new Pause();
  readonly #work: Promise<unknown>;
  #isOver = false;
  /** Whether the last step failed, so that news is no reason to try at once. */
  #isFailing = false;
  #lastSealedMs = Number.NEGATIVE_INFINITY;

  constructor(options: ShipLoopOptions) {
    this.#options = options;
    this.#stopListening = [
      options.onSealed(() => this.#noteSealed()),
      options.onPrimaryChange(() => this.askAnew()),
    ];
    this.#work = Promise.all([this.#ship(), this.#confirm()]);
  }

  /** Waits for the step that is under way, but for no other node: its delivery is given up. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    for (const stop of this.#stopListening) stop();
    this.#options.shipper.stop();
    this.#shipPause.end();
    this.#confirmPause.end();
    await this.#work;
  }

  /** What is counted may be of another time: asks the primary, and looks at this node's own copy, at once. */
  askAnew(): void {
    this.#options.shipper.forget();
    this.#shipPause.end();
    this.#confirmPause.end();
  }

  #noteSealed(): void {
    const nowMs = this.#options.clock.monotonicMs();
    if (!this.#isFailing || nowMs - this.#lastSealedMs > silenceMs) this.#shipPause.end();
    this.#lastSealedMs = nowMs;
    this.#confirmPause.end();
  }

  async #ship(): Promise<void> {
    const { shipper, clock, random } = this.#options;
    let failures = 0;
    let askAtMs = clock.monotonicMs() + askEveryMs;
    while (!this.#isOver) {
      const untilAskMs = askAtMs - clock.monotonicMs();
      if (untilAskMs <= 0) {
        shipper.askAgain();
        askAtMs += askEveryMs - untilAskMs;
      }
      const result = await shipper.step();
      this.#isFailing = result === 'failed';
      failures = this.#isFailing ? failures + 1 : 0;
      if (result === 'failed') await this.#shipPause.wait(backOffMs(failures, random));
      if (result === 'idle') await this.#shipPause.wait(Math.max(0, askAtMs - clock.monotonicMs()));
    }
  }

  async #confirm(): Promise<void> {
    const { shipper, log } = this.#options;
    while (!this.#isOver) {
      let isWaiting = true;
      try {
        isWaiting = await shipper.confirm();
      } catch (err) {
        // Busy, which is nothing to speak of, or broken.
        if (!(err instanceof Failure)) log.error({ err }, 'own copy not readable');
      }
      await this.#confirmPause.wait(isWaiting ? confirmEveryMs : releaseEveryMs);
    }
  }
}
