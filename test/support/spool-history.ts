import { expect } from 'vitest';
import type { SpooledBatch } from '../../src/clicks/spooled-batches.ts';
import { decodeBatch } from '../../src/domain/click-batch.ts';
import type { ProducerId } from '../../src/domain/click-cursor.ts';
import type { SimulatedDisk } from './simulated-disk.ts';
import { openTestSpool, type TestSpool, type TestSpoolOptions } from './test-spool.ts';

/**
 * A history of a spool, through restarts: remembers which clicks were taken, which of them cannot be lost any more, and
 * what was shown to the shipper. Every click has a link id of its own.
 */
export class SpoolHistory {
  /** Of all clicks that the spool was given. */
  readonly given = new Set<number>();
  /** Of those that it took. */
  readonly taken = new Set<number>();
  /** Of those that must outlive a power cut. */
  readonly safe = new Set<number>();
  readonly #options: TestSpoolOptions;
  /** Clicks of each batch that was ever shown. */
  readonly #shown = new Map<string, readonly number[]>();
  /** Clicks that this process took: those of the last one are sealed soon, but not synced before that. */
  readonly #takenHere = new Set<number>();
  #wasPowerCut = false;
  #test: TestSpool;

  private constructor(test: TestSpool, options: TestSpoolOptions) {
    this.#test = test;
    this.#options = options;
  }

  static async begin(options: TestSpoolOptions = {}): Promise<SpoolHistory> {
    return new SpoolHistory(await openTestSpool(options), options);
  }

  get test(): TestSpool {
    return this.#test;
  }

  get disk(): SimulatedDisk {
    return this.#test.disk;
  }

  /** One tick of `count` clicks. */
  click(count: number): void {
    const ids = Array.from({ length: count }, (_, index) => this.given.size + 1 + index);
    const before = this.#dropped();
    this.#test.click(...ids);
    const isTaken = this.#dropped() === before;
    for (const id of ids) {
      this.given.add(id);
      if (!isTaken) continue;
      this.taken.add(id);
      this.#takenHere.add(id);
    }
  }

  async sync(): Promise<void> {
    const taken = [...this.#takenHere];
    const { disk } = this;
    const { failures } = disk;
    await this.#test.spool.sync();
    if (disk.isStopped || disk.failures > failures) return;
    for (const id of taken) this.safe.add(id);
  }

  async seal(): Promise<void> {
    await this.#test.spool.seal().catch(() => undefined);
    await this.look();
  }

  async passTime(ms: number): Promise<void> {
    this.#test.clock.advance(ms);
    this.#test.spool.maintain();
    await this.seal();
  }

  /** Reissues from the batch with this index of the own producer. */
  async reissue(index: number): Promise<void> {
    const batch = this.#ownBatches().at(index);
    if (batch === undefined) return;
    await this.#test.spool.reissueFrom(batch).catch(() => undefined);
    await this.look();
  }

  /** Damages the header of a batch, so that all frames can still be read, and has it mended. */
  async mend(index: number): Promise<void> {
    const batch = this.#ownBatches().at(index);
    if (batch === undefined) return;
    const name = (batch as SpooledBatch & { name: string }).name;
    if (this.disk.list().includes(`${batch.producer}/${name}`)) {
      this.disk.damage(batch.producer, name, (bytes) => bytes.fill(7, 12, 16));
    }
    await this.#test.spool.mend(batch).catch(() => undefined);
    await this.look();
  }

  /** The process dies, and another one begins on the disk that is left. */
  async restart(disk: SimulatedDisk): Promise<void> {
    disk.onOperation = this.disk.onOperation;
    this.#takenHere.clear();
    this.#test = await openTestSpool({ ...this.#options, disk, clock: this.#test.clock });
  }

  async powerCut(pick: (max: number) => number): Promise<void> {
    this.#wasPowerCut = true;
    await this.restart(this.disk.losePower(pick));
    for (const id of this.taken) if (!this.safe.has(id)) this.taken.delete(id);
  }

  /**
   * Looks at what can be shipped, and gives the clicks in it. What was shown once is safe, and never changes; batches
   * that were read before are read again only `thoroughly`.
   */
  async look(thoroughly = false): Promise<ReadonlySet<number>> {
    const { spool } = this.#test;
    const seen = new Set<number>();
    for (const producer of spool.listProducers()) {
      let before: SpooledBatch | undefined;
      for (const batch of [...spool.listBatches(producer)]) {
        if (before !== undefined) this.#expectNext(batch, before);
        before = batch;
        const key = `${producer}/${batch.seq}`;
        const known = this.#shown.get(key);
        const ids = thoroughly || known === undefined ? await this.#read(batch) : known;
        if (ids === undefined) continue;
        for (const id of ids) {
          // Plain errors: there are too many looks for matchers.
          if (seen.has(id)) throw new Error(`Click ${id} is there twice.`);
          seen.add(id);
          this.safe.add(id);
        }
        if (known !== undefined && String(known) !== String(ids)) {
          throw new Error(`Batch ${key} had the clicks ${known}, and now has ${ids}.`);
        }
        this.#shown.set(key, ids);
      }
    }
    return seen;
  }

  /** Seals all that is there, and finds every click that was taken exactly once. */
  async expectAll(): Promise<void> {
    this.disk.onOperation = () => undefined;
    this.disk.capacity = Number.MAX_SAFE_INTEGER;
    this.#test.clock.advance(5_000);
    this.#test.spool.maintain();
    // What is under way can still fail with what was wrong before.
    await this.#test.spool.seal().catch(() => undefined);
    await this.#test.spool.seal();
    for (const producer of this.#test.spool.listProducers()) {
      for (const batch of [...this.#test.spool.listBatches(producer)]) {
        if ((await this.#read(batch)) === undefined) await this.#test.spool.mend(batch);
      }
    }
    const seen = await this.look(true);
    expect([...seen].filter((id) => !this.given.has(id))).toEqual([]);
    expect([...this.taken].filter((id) => !seen.has(id))).toEqual([]);
  }

  /** A power cut can take a segment away from between others, when those are in the folder of a later producer. */
  #expectNext(batch: SpooledBatch, before: SpooledBatch): void {
    const through = before.clicksBefore + before.clicks;
    const isNext = batch.seq === before.seq + 1 && batch.clicksBefore === through;
    const isAfterLoss = batch.seq > before.seq + 1 && batch.clicksBefore >= through;
    if (isNext || (isAfterLoss && this.#wasPowerCut)) return;
    const { seq, clicksBefore, clicks } = before;
    throw new Error(
      `Batch ${batch.seq} after ${batch.clicksBefore} clicks follows ${seq} with ${clicksBefore} and ${clicks}.`,
    );
  }

  #dropped(): number {
    const { dropped } = this.#test.spool.readCounts();
    return dropped.disk_full + dropped.io_error + dropped.spool_full;
  }

  #ownBatches(): readonly SpooledBatch[] {
    const { spool } = this.#test;
    return spool.listBatches(spool.producer ?? ('' as ProducerId));
  }

  async #read(batch: SpooledBatch): Promise<number[] | undefined> {
    const bytes = await this.#test.spool.readBatch(batch).catch(() => 'damaged' as const);
    if (bytes === 'damaged') return undefined;
    return decodeBatch(bytes).frames.flatMap(({ clicks }) => clicks.map(({ linkId }) => linkId));
  }
}
