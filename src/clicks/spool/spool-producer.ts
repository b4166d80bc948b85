import type { ClickCursor, ProducerId } from '../../domain/click-cursor.ts';
import type { SpooledBatch } from '../spooled-batches.ts';
import { type BatchName, type BatchOrigin, batchName } from './spool-names.ts';

/** A file that the disk cannot read is given up after this long. */
const patienceMs = 60_000;

/** A batch in the folder of its producer. */
export class StoredBatch implements SpooledBatch, BatchName {
  readonly owner: SpoolProducer;
  readonly seq: number;
  readonly clicksBefore: number;
  readonly clicks: number;
  readonly bytes: number;
  readonly sealedAtMs: number;
  readonly origin: BatchOrigin;
  /** Since when this process knows it; monotonic. */
  readonly seenAtMs: number;
  /** Since when the disk cannot read it; monotonic. */
  #unreadableSinceMs: number | undefined;

  constructor(owner: SpoolProducer, name: BatchName, bytes: number, seenAtMs: number) {
    this.owner = owner;
    this.seq = name.seq;
    this.clicksBefore = name.clicksBefore;
    this.clicks = name.clicks;
    this.bytes = bytes;
    this.sealedAtMs = name.sealedAtMs;
    this.origin = name.origin;
    this.seenAtMs = seenAtMs;
  }

  /** To be told that the disk can read it. */
  noteReadable(): void {
    this.#unreadableSinceMs = undefined;
  }

  /** To be told that the disk cannot read it, with the monotonic time. Gives whether that has lasted too long. */
  isGivenUp(nowMs: number): boolean {
    this.#unreadableSinceMs ??= nowMs;
    return nowMs - this.#unreadableSinceMs >= patienceMs;
  }

  get producer(): ProducerId {
    return this.owner.id;
  }

  get isRecovered(): boolean {
    return this.origin !== 'sealed';
  }

  get isInherited(): boolean {
    return !this.owner.isOwn;
  }

  get name(): string {
    return batchName(this, 'batch');
  }

  /** Clicks of its producer through it. */
  get clicksThrough(): number {
    return this.clicksBefore + this.clicks;
  }

  /** How many of its clicks this node's copy of `clicks.db` does not show. */
  get unconfirmedClicks(): number {
    const { cursor } = this.owner;
    if (cursor === undefined || this.seq > cursor.seq) return this.clicks;
    if (this.seq < cursor.seq) return 0;
    return Math.min(this.clicks, Math.max(0, this.clicksThrough - cursor.clicks));
  }

  /** Whether this node's copy of `clicks.db` shows all of it. */
  get isCounted(): boolean {
    const { cursor } = this.owner;
    if (cursor === undefined || this.seq > cursor.seq) return false;
    return this.seq < cursor.seq || (cursor.isComplete && this.clicksThrough <= cursor.clicks);
  }
}

/** Where a segment or batch belongs. */
export interface Place {
  readonly producer: SpoolProducer;
  readonly seq: number;
  readonly clicksBefore: number;
}

/** A producer that has a folder here, and its batches. */
export class SpoolProducer {
  readonly id: ProducerId;
  /** Whether new clicks are its own. */
  isOwn = false;
  /** The one that took over its batches from a number on. */
  follower: (Place & { readonly fromSeq: number }) | undefined;
  /** What this node's copy of `clicks.db` shows. */
  cursor: ClickCursor | undefined;
  /** Up to this number it is known that the batches here are those that are counted. */
  knownUpTo = 0;
  /** The highest number that was used, and all clicks through it. */
  lastSeq = 0;
  clicks = 0;
  readonly #batches: StoredBatch[] = [];
  #bytes = 0;

  constructor(id: ProducerId) {
    this.id = id;
  }

  /** Oldest first. */
  get batches(): readonly StoredBatch[] {
    return this.#batches;
  }

  /** Space of the batches. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Takes note of a number that is used, with all clicks through it. */
  use(seq: number, clicks: number): void {
    this.lastSeq = Math.max(this.lastSeq, seq);
    this.clicks = Math.max(this.clicks, clicks);
  }

  /** Adds a batch, in place of the one with its number. */
  add(batch: StoredBatch): void {
    const at = this.#indexOf(batch.seq);
    const replaced = this.#batches[at]?.seq === batch.seq ? 1 : 0;
    if (replaced === 1) this.#bytes -= toSpace(this.#batches[at]?.bytes ?? 0);
    this.#batches.splice(at, replaced, batch);
    this.#bytes += toSpace(batch.bytes);
    this.use(batch.seq, batch.clicksBefore + batch.clicks);
  }

  find(seq: number): StoredBatch | undefined {
    const found = this.#batches[this.#indexOf(seq)];
    return found?.seq === seq ? found : undefined;
  }

  remove(batch: StoredBatch): void {
    const at = this.#batches.indexOf(batch);
    if (at === -1) return;
    this.#batches.splice(at, 1);
    this.#bytes -= toSpace(batch.bytes);
  }

  /** Takes all batches from a number on away. */
  takeFrom(seq: number): StoredBatch[] {
    const taken = this.#batches.splice(this.#indexOf(seq));
    for (const { bytes } of taken) this.#bytes -= toSpace(bytes);
    return taken;
  }

  /** Where what was written under a number belongs: to a follower when it took that number over. */
  placeOf(seq: number, clicksBefore: number): Place {
    const { follower } = this;
    if (follower === undefined || seq < follower.fromSeq) {
      return { producer: this, seq, clicksBefore };
    }
    return follower.producer.placeOf(
      seq - follower.fromSeq + follower.seq,
      clicksBefore - follower.clicksBefore,
    );
  }

  /** Where the first batch is that has `seq` or a higher number. */
  #indexOf(seq: number): number {
    let low = 0;
    let high = this.#batches.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#batches[middle] as StoredBatch).seq < seq) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

const blockBytes = 4_096;

/** The space that a file of so many bytes takes: most batches are smaller than a block. */
export function toSpace(bytes: number): number {
  return Math.ceil(bytes / blockBytes) * blockBytes;
}
