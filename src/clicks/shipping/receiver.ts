import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { type ClickCursor, expectedSeq, type ProducerId } from '../../domain/click-cursor.ts';
import { ClickFormatError } from '../../domain/click-format-error.ts';
import type { Clock } from '../../domain/clock.ts';
import { Failure } from '../../domain/failure.ts';
import type {
  ClickWriter,
  ClickWriterSource,
  MergeOutcome,
  ShippedBatch,
} from '../../domain/writer.ts';
import {
  type AnsweredDelivery,
  type Delivery,
  type DeliveryAnswer,
  decodeDelivery,
  toAnswered,
} from './delivery.ts';

/** What a receiver works with. */
export interface ReceiverOptions {
  readonly writers: ClickWriterSource;
  /** Reads the primary's own copy of `clicks.db`. */
  readonly findCursor: (producer: ProducerId) => Promise<ClickCursor | undefined>;
  readonly clock: Clock;
  /** Clicks further in the past are in no hour, milliseconds. */
  readonly datedForMs: number;
  /** How long counting rests after a transaction that took `tookMs`; not at all when left out. Milliseconds both. */
  readonly findRestMs?: (tookMs: number) => number;
  readonly log: Logger;
}

/** Deliveries that may wait at a time, so that they cannot fill the memory. */
const maxWaiting = 64;
/** What one transaction is given, since all of it is copied to the writer's thread and little of a backlog is counted. */
const maxRoundBytes = 524_288;
/** After so long a delivery is answered with what is counted of it, before its sender gives up. */
const answerAfterMs = 2_000;

/** How far a producer's batches are counted. */
type Progress = Pick<DeliveryAnswer, 'expected' | 'clicks'>;

/** A delivery that is not answered yet, and how far it is. */
interface Waiting {
  readonly delivery: Delivery;
  /** Writers belong to a term as primary; what was asked in one term is not counted in the next. */
  readonly writer: ClickWriter;
  readonly epoch: number;
  readonly sinceMs: number;
  readonly settle: PromiseWithResolvers<DeliveryAnswer>;
  isAnswered: boolean;
  /** How many of its batches are counted. */
  merged: number;
  /** What the last batch that was looked at said. */
  progress: Progress | undefined;
}

/** A batch in a transaction, and the delivery it is of. */
interface Turn {
  readonly waiting: Waiting;
  readonly batch: ShippedBatch;
}

/**
 * The primary's side of shipping: counts what nodes deliver. One transaction at a time takes batches of all deliveries
 * that wait; what does not fit is in the next one, where another delivery comes first.
 */
export class Receiver {
  readonly #options: ReceiverOptions;
  readonly #epochs = new WeakMap<ClickWriter, Promise<number>>();
  #waiting: Waiting[] = [];
  #isRunning = false;

  constructor(options: ReceiverOptions) {
    this.#options = options;
  }

  /**
   * Takes the body of a delivery; what is wrong with it is in the answer. Rejects as the writer does: then it is not
   * known what was counted, and asking tells.
   */
  async receive(body: Uint8Array): Promise<AnsweredDelivery> {
    let delivery: Delivery;
    try {
      delivery = decodeDelivery(body);
    } catch (error) {
      if (!(error instanceof ClickFormatError)) throw error;
      const nothing = { epoch: 0, merged: 0, expected: 0, clicks: 0 };
      return toAnswered({ ...nothing, outcome: 'invalid', detail: error.message });
    }
    const writer = this.#options.writers.clickWriter();
    const epoch = await this.#findEpoch(writer);
    if (delivery.batches.length === 0 || delivery.epoch !== epoch) {
      const progress = await this.#findProgress(delivery.producer);
      return toAnswered({ ...progress, epoch, outcome: 'ok', merged: 0 });
    }
    return toAnswered(await this.#merge(delivery, writer, epoch));
  }

  /** A transaction without batches changes nothing and says which epoch it would have been in. */
  #findEpoch(writer: ClickWriter): Promise<number> {
    let found = this.#epochs.get(writer);
    if (found === undefined) {
      found = this.#count(writer, []).then(({ epoch }) => epoch);
      this.#epochs.set(writer, found);
      found.catch(() => this.#epochs.delete(writer));
    }
    return found;
  }

  async #findProgress(producer: ProducerId): Promise<Progress> {
    return toProgress(await this.#options.findCursor(producer));
  }

  #merge(delivery: Delivery, writer: ClickWriter, epoch: number): Promise<DeliveryAnswer> {
    if (this.#waiting.length >= maxWaiting) {
      throw new Failure('unavailable', 'Too many deliveries of clicks are waiting.', {
        retryAfterS: 1,
      });
    }
    const settle = Promise.withResolvers<DeliveryAnswer>();
    this.#waiting.push({
      delivery,
      writer,
      epoch,
      sinceMs: this.#options.clock.monotonicMs(),
      settle,
      isAnswered: false,
      merged: 0,
      progress: undefined,
    });
    if (!this.#isRunning) void this.#run();
    return settle.promise;
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
      const { writer } = first;
      const turns = this.#gather(writer);
      const startMs = this.#options.clock.monotonicMs();
      try {
        const { value: outcomes } = await this.#count(
          writer,
          turns.map(({ batch }) => batch),
        );
        if (outcomes.length === 0) throw new Error('a merge of clicks got nowhere');
        for (const [at, outcome] of outcomes.entries()) this.#hear(turns[at] as Turn, outcome);
      } catch (error) {
        for (const waiting of new Set(turns.map(({ waiting }) => waiting))) {
          waiting.isAnswered = true;
          waiting.settle.reject(error);
        }
      }
      for (const waiting of this.#waiting) this.#answerWhenDone(waiting);
      // Who comes next is first in the next round, so that a backlog holds up no fresh clicks.
      const [, ...others] = this.#waiting;
      this.#waiting = [...others, first].filter(({ isAnswered }) => !isAnswered);
      await this.#rest(startMs);
    }
    this.#isRunning = false;
  }

  async #rest(startMs: number): Promise<void> {
    const { clock, findRestMs } = this.#options;
    const restMs = findRestMs?.(clock.monotonicMs() - startMs) ?? 0;
    if (restMs > 0) await delay(restMs, undefined, { ref: false });
  }

  /** Batches for one transaction: at least one, and as many as there is room for. */
  #gather(writer: ClickWriter): Turn[] {
    const turns: Turn[] = [];
    let room = maxRoundBytes;
    for (const waiting of this.#waiting) {
      if (waiting.writer !== writer) continue;
      const { batches, lostFrom, isTrial } = waiting.delivery;
      for (const [at, bytes] of batches.entries()) {
        if (at < waiting.merged) continue;
        room -= bytes.length;
        if (room < 0 && turns.length > 0) return turns;
        turns.push({ waiting, batch: at === 0 ? { bytes, lostFrom, isTrial } : { bytes } });
      }
    }
    return turns;
  }

  #count(writer: ClickWriter, batches: readonly ShippedBatch[]) {
    const { clock, datedForMs } = this.#options;
    return writer.count('mergeClicks', { batches, nowMs: clock.now(), datedForMs });
  }

  #hear({ waiting }: Turn, outcome: MergeOutcome): void {
    if (waiting.isAnswered) return;
    const { merged, epoch, delivery } = waiting;
    switch (outcome.is) {
      case 'merged':
      case 'partial':
        if (outcome.is === 'merged') waiting.merged += 1;
        waiting.progress = toProgress(outcome.cursor);
        break;
      case 'gap':
      case 'conflict':
      case 'absent': {
        const { is, expected, clicks } = outcome;
        answer(waiting, { epoch, outcome: is, merged, expected, clicks });
        break;
      }
      case 'invalid': {
        const { detail } = outcome;
        this.#options.log.error({ producer: delivery.producer, detail }, 'batch not readable');
        waiting.isAnswered = true;
        waiting.settle.resolve(
          this.#findProgress(delivery.producer).then((progress) => ({
            ...progress,
            epoch,
            outcome: 'invalid',
            merged,
            detail,
          })),
        );
        break;
      }
      default:
        outcome satisfies never;
    }
  }

  #answerWhenDone(waiting: Waiting): void {
    const { merged, progress, epoch, delivery, sinceMs } = waiting;
    if (waiting.isAnswered || progress === undefined) return;
    const isLate = this.#options.clock.monotonicMs() - sinceMs > answerAfterMs;
    if (merged < delivery.batches.length && !isLate) return;
    answer(waiting, { ...progress, epoch, outcome: 'ok', merged });
  }
}

function answer(waiting: Waiting, said: DeliveryAnswer): void {
  waiting.isAnswered = true;
  waiting.settle.resolve(said);
}

function toProgress(cursor: ClickCursor | undefined): Progress {
  return { expected: expectedSeq(cursor), clicks: cursor?.clicks ?? 0 };
}
