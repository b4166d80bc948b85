import type { Logger } from 'pino';
import {
  type Delivery,
  type DeliveryAnswer,
  decodeDelivery,
} from '../../src/clicks/shipping/delivery.ts';
import { Receiver } from '../../src/clicks/shipping/receiver.ts';
import { Shipper } from '../../src/clicks/shipping/shipper.ts';
import type { SpooledBatch } from '../../src/clicks/spooled-batches.ts';
import { checkBatch } from '../../src/domain/click-batch.ts';
import type { ClickCursor, ProducerId } from '../../src/domain/click-cursor.ts';
import { mergeClicks } from '../../src/domain/merge-clicks.ts';
import type { ClickWriter, MergeClicksInput, ShippedBatch } from '../../src/domain/writer.ts';
import { fakeClock } from './fake-clock.ts';
import { type ClickCommit, MemoryClickStore } from './memory-click-store.ts';
import { MemorySpool, type StoredForTest } from './memory-spool.ts';
import { someProducer } from './sealed-batch.ts';
import { silentLog } from './silent-log.ts';

/** A shipper between a spool in memory and a real receiver, whose counts are in memory too. */
export class TestShipping {
  readonly spool = new MemorySpool();
  readonly store = new MemoryClickStore();
  /** What the node's own copy shows. */
  readonly ownCursors = new Map<ProducerId, ClickCursor>();
  /** Stands between shipper and receiver, and may answer in its place. */
  intercept: ((delivery: Delivery) => DeliveryAnswer | undefined | 'pass') | undefined;
  /** The primary takes deliveries and never answers. */
  isHanging = false;
  epoch = 1;
  readonly clock = fakeClock();
  /** Of the shippers, from the next one on. */
  log: Logger = silentLog;
  shipper: Shipper;
  #receiver: Receiver;
  #delivered: string[] = [];

  constructor() {
    this.#receiver = this.#makeReceiver();
    this.shipper = this.#makeShipper();
  }

  /** Another process begins with what lies in the spool. */
  restart(): void {
    this.shipper = this.#makeShipper();
  }

  /** The primary of the next epoch begins, with what is left of the counts. */
  takeOver(commits: readonly ClickCommit[] = this.store.commits): void {
    this.epoch += 1;
    this.store.become(commits);
    this.#receiver = this.#makeReceiver();
  }

  /**
   * Works until there is nothing left, or until it fails. Gives what was delivered meanwhile: the numbers of the
   * batches, with the first digit of a producer that is not the usual one.
   */
  async shipAll(): Promise<string[]> {
    this.#delivered = [];
    for (let steps = 0; steps < 50; steps += 1) {
      const result = await this.shipper.step();
      if (result === 'idle') return this.#delivered;
      if (result === 'failed') return [...this.#delivered, 'failed'];
    }
    throw new Error('there is no end to it');
  }

  /** Puts batches into the spool, each of one click of the link that is its number. */
  putBatches(from: number, to: number, more: Partial<StoredForTest> = {}): SpooledBatch[] {
    return Array.from({ length: to - from + 1 }, (_, index) =>
      this.spool.put({ seq: from + index, links: [from + index], ...more }),
    );
  }

  /** Counts behind the shipper's back. */
  count(...batches: readonly ShippedBatch[]): void {
    this.store.begin();
    mergeClicks(this.store, { batches, nowMs: 0, datedForMs: 1e15 });
    this.store.commit();
  }

  clicksOf(...linkIds: number[]): number[] {
    return linkIds.map((linkId) => this.store.totals.get(linkId)?.clicks ?? 0);
  }

  #makeReceiver(): Receiver {
    const { store, epoch } = this;
    const writer = {
      async count(_: string, input: MergeClicksInput) {
        store.begin();
        const value = mergeClicks(store, input);
        store.commit();
        return { value, position: undefined, epoch };
      },
    } as unknown as ClickWriter;
    return new Receiver({
      writers: { clickWriter: () => writer },
      findCursor: async (producer) => store.findCursor(producer),
      clock: fakeClock(),
      datedForMs: 1e12,
      log: silentLog,
    });
  }

  #makeShipper(): Shipper {
    return new Shipper({
      spool: this.spool,
      clock: this.clock,
      log: this.log,
      readOwnCursor: async (producer) => this.ownCursors.get(producer),
      deliver: async (body, signal) => {
        const delivery = decodeDelivery(body);
        this.#delivered.push(describeDelivery(delivery));
        if (this.isHanging) return hangUntil(signal);
        const answer = this.intercept === undefined ? 'pass' : this.intercept(delivery);
        return answer === 'pass' ? (await this.#receiver.receive(body)).body : answer;
      },
    });
  }
}

function hangUntil(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error));
  });
}

function describeDelivery({ producer, lostFrom, batches }: Delivery): string {
  const name = producer === someProducer ? '' : `${producer[0]}: `;
  if (batches.length === 0) return `${name}ask`;
  const numbers = batches.map((batch) => checkBatch(batch).seq).join(' ');
  return `${name}${numbers}${lostFrom === undefined ? '' : ` lost from ${lostFrom}`}`;
}
