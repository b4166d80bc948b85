import type { SpooledBatch, SpooledBatches } from '../../src/clicks/spooled-batches.ts';
import type { ClickCursor, ProducerId } from '../../src/domain/click-cursor.ts';
import { type BatchOfTicks, sealBatch, someProducer } from './sealed-batch.ts';

/** What a test says of a batch that lies in a spool: one click of each of these links. */
export interface StoredForTest {
  readonly producer?: ProducerId;
  readonly seq: number;
  readonly links: readonly number[];
  readonly clicksBefore?: number;
  readonly isRecovered?: boolean;
  readonly isInherited?: boolean;
  /** How many clicks after them cannot be read any more. */
  readonly missingAtEnd?: number;
  /** What it says of its size. */
  readonly bytes?: number;
}

/** A producer for which batches are issued again. */
export const nextProducer = 'e'.repeat(32) as ProducerId;

/** A spool without a disk; tests put batches into it and look at what became of them. */
export class MemorySpool implements SpooledBatches {
  readonly contents = new Map<SpooledBatch, Uint8Array | 'damaged' | Error>();
  readonly dropped: SpooledBatch[] = [];
  readonly reissued: SpooledBatch[] = [];
  readonly mended: SpooledBatch[] = [];
  readonly released: { readonly cursor: ClickCursor; readonly knownUpTo: number }[] = [];
  /** What `mend` says is lost, or how it fails. */
  mendResult: number | Error = 0;
  reissueError: Error | undefined;
  /** Whether more is still to be sealed. */
  isSealingMore = false;
  readonly #listeners = new Set<() => void>();

  put(stored: StoredForTest): SpooledBatch {
    const { seq, links, clicksBefore = seq - 1 } = stored;
    const batch: BatchOfTicks = {
      ...stored,
      producer: stored.producer ?? someProducer,
      clicksBefore,
      ticks: links.map((linkId) => ({ clicks: [{ linkId }] })),
    };
    const bytes = sealBatch(batch);
    const spooled: SpooledBatch = {
      producer: stored.producer ?? someProducer,
      seq,
      clicksBefore,
      clicks: links.length + (stored.missingAtEnd ?? 0),
      bytes: stored.bytes ?? bytes.length,
      isRecovered: stored.isRecovered ?? false,
      isInherited: stored.isInherited ?? false,
    };
    this.contents.set(spooled, bytes);
    for (const listener of this.#listeners) listener();
    return spooled;
  }

  isSealing(): boolean {
    return this.isSealingMore;
  }

  remove(batch: SpooledBatch): void {
    this.contents.delete(batch);
  }

  listProducers(): readonly ProducerId[] {
    return [...new Set([...this.contents.keys()].map(({ producer }) => producer))];
  }

  listBatches(producer: ProducerId): readonly SpooledBatch[] {
    return [...this.contents.keys()]
      .filter((batch) => batch.producer === producer)
      .toSorted((one, other) => one.seq - other.seq);
  }

  async readBatch(batch: SpooledBatch): Promise<Uint8Array | 'damaged'> {
    const content = this.contents.get(batch) ?? new Error('There is no such batch.');
    if (content instanceof Error) throw content;
    return content;
  }

  async mend(batch: SpooledBatch): Promise<number> {
    if (this.mendResult instanceof Error) throw this.mendResult;
    this.mended.push(batch);
    this.contents.delete(batch);
    this.put({ ...batch, isRecovered: true, links: [], missingAtEnd: batch.clicks });
    return this.mendResult;
  }

  async reissueFrom(batch: SpooledBatch): Promise<void> {
    if (this.reissueError !== undefined) throw this.reissueError;
    this.reissued.push(batch);
    for (const other of this.listBatches(batch.producer)) {
      if (other.seq < batch.seq) continue;
      this.contents.delete(other);
      const { clicks, seq } = other;
      const links = Array.from({ length: clicks }, (_, index) => 1_000 * seq + index);
      this.put({ producer: nextProducer, seq: 1 + seq - batch.seq, links });
    }
  }

  drop(batch: SpooledBatch): void {
    this.dropped.push(batch);
    this.contents.delete(batch);
  }

  release(cursor: ClickCursor, knownUpTo: number): void {
    this.released.push({ cursor, knownUpTo });
  }

  onSealed(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
