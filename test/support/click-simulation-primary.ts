import {
  type DeliveryAnswer,
  decodeDelivery,
  encodeDelivery,
} from '../../src/clicks/shipping/delivery.ts';
import { Receiver } from '../../src/clicks/shipping/receiver.ts';
import type { ClickCursor, ProducerId } from '../../src/domain/click-cursor.ts';
import type { Clock } from '../../src/domain/clock.ts';
import { Failure } from '../../src/domain/failure.ts';
import { mergeClicks } from '../../src/domain/merge-clicks.ts';
import type { ClickWriter, MergeClicksInput, MergeOutcome } from '../../src/domain/writer.ts';
import { type ClickCommit, MemoryClickStore } from './memory-click-store.ts';
import { withVersion } from './sealed-batch.ts';
import { silentLog } from './silent-log.ts';

/** When the primary's process ends, seen from a commit. */
export type CrashPoint = 'before' | 'during' | 'after';

/** How a transaction is carried out; a test of the tests breaks it. */
export interface MergeCraft {
  /** Runs a merge on a store; what it throws undoes all. */
  merge(
    store: MemoryClickStore,
    input: MergeClicksInput,
    options: { readonly maxRows: number },
  ): readonly MergeOutcome[];
  /** Undoes a transaction that was not committed. */
  rollBack(store: MemoryClickStore): void;
}

/** The way it is done. */
export const soundCraft: MergeCraft = {
  merge: mergeClicks,
  rollBack: (store) => store.rollBack(),
};

/** The version of the format that a newer release writes. */
export const newerVersion = 2;

/** Whoever is the primary: one store of clicks, and one process after the other that counts in it. */
export class SimulatedPrimary {
  readonly store = new MemoryClickStore();
  /** Ends the process around its next commit. */
  crashNext: CrashPoint | undefined;
  /** Called at each point where the process can end. */
  onPoint: (point: CrashPoint) => void = () => undefined;
  isUpgraded = false;
  /** Whether transactions wait for `write`, so that what is delivered meanwhile is in one with others. */
  isSlow = false;
  epoch = 0;
  readonly #clock: Clock;
  readonly #craft: MergeCraft;
  readonly #maxRows: number;
  #receiver!: Receiver;
  #waiting: (() => void)[] = [];

  constructor(options: {
    readonly clock: Clock;
    readonly craft: MergeCraft;
    readonly maxRows: number;
  }) {
    this.#clock = options.clock;
    this.#craft = options.craft;
    this.#maxRows = options.maxRows;
    this.begin();
  }

  /** Begins a new epoch, in which nothing is left of what the last process had in hand. */
  begin(): void {
    this.epoch += 1;
    this.crashNext = undefined;
    this.isSlow = false;
    this.write();
    const writer = this.#openWriter(this.epoch);
    this.#receiver = new Receiver({
      writers: { clickWriter: () => writer },
      findCursor: async (producer) => this.store.findCursor(producer),
      clock: this.#clock,
      datedForMs: 1e15,
      log: silentLog,
    });
  }

  /** Has transactions done that wait. */
  write(): void {
    for (const go of this.#waiting.splice(0)) go();
  }

  /** Another primary takes over, with this state. */
  become(commits: readonly ClickCommit[]): void {
    this.store.become(commits);
    this.begin();
  }

  /** `undefined` when the process ended before it could answer. */
  async receive(body: Uint8Array): Promise<DeliveryAnswer | undefined> {
    const readable = this.isUpgraded ? withBatchVersions(body, 1) : body;
    try {
      const { body: answer } = await this.#receiver.receive(readable);
      return answer;
    } catch (error) {
      if (error instanceof Failure) return undefined;
      throw error;
    }
  }

  #openWriter(epoch: number): ClickWriter {
    const count = async (_name: string, input: MergeClicksInput) => {
      if (this.isSlow) await new Promise<void>((resolve) => this.#waiting.push(resolve));
      this.#endIf(epoch !== this.epoch);
      if (input.batches.length === 0) return { value: [], position: undefined, epoch };
      this.#reach('before');
      this.store.begin();
      let value: readonly MergeOutcome[];
      try {
        value = this.#craft.merge(this.store, input, { maxRows: this.#maxRows });
        this.#reach('during');
      } catch (error) {
        this.#craft.rollBack(this.store);
        throw error;
      }
      this.store.commit();
      this.#reach('after');
      return { value, position: undefined, epoch };
    };
    return { count } as unknown as ClickWriter;
  }

  #reach(point: CrashPoint): void {
    const { epoch } = this;
    this.onPoint(point);
    if (this.crashNext === point) this.begin();
    this.#endIf(this.epoch !== epoch);
  }

  #endIf(isOver: boolean): void {
    if (isOver) throw new Failure('unavailable', 'The writer has ended.');
  }
}

/** What a store says of a producer after some of its commits. */
export function findCursorAt(
  commits: readonly ClickCommit[],
  producer: ProducerId,
): ClickCursor | undefined {
  for (let at = commits.length - 1; at >= 0; at -= 1) {
    const found = commits[at]?.cursors.findLast((cursor) => cursor.producer === producer);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The same delivery with batches of another version of the format. */
export function withBatchVersions(body: Uint8Array, version: number): Uint8Array {
  const delivery = decodeDelivery(body);
  const batches = delivery.batches.map((batch) => withVersion(batch, version));
  return encodeDelivery({ ...delivery, batches });
}
