import type { Clock } from '../domain/clock.ts';
import type { RareLog } from './rare-log.ts';
import type { SpoolFiles } from './spool-files.ts';
import { type SpoolProducer, type StoredBatch, toSpace } from './spool-producer.ts';

/** A file that is kept aside: a damaged or dropped batch. */
export interface AsideFile {
  readonly producer: SpoolProducer;
  readonly name: string;
  readonly seq: number;
  readonly bytes: number;
  readonly sealedAtMs: number;
  readonly seenAtMs: number;
}

export interface KeepOptions {
  readonly files: SpoolFiles;
  readonly clock: Clock;
  readonly rareLog: RareLog;
  readonly producers: ReadonlyMap<string, SpoolProducer>;
  readonly retentionMs: number;
}

/** No more files than this go at once, so that the event loop goes on. */
const maxRemovals = 100;

/**
 * Decides which files go. A batch that is not counted never does, and neither does the newest of this node's own
 * producer: its number would be used again.
 */
export class Keep {
  readonly #options: KeepOptions;
  #aside: AsideFile[] = [];
  #asideBytes = 0;

  constructor(options: KeepOptions) {
    this.#options = options;
  }

  /** Space of the files kept aside. */
  get asideBytes(): number {
    return this.#asideBytes;
  }

  putAside(file: AsideFile): void {
    this.#aside.push(file);
    this.#asideBytes += toSpace(file.bytes);
  }

  /** Lets go of what is counted and older than the retention. Throws the system's errors. */
  removeOld(): void {
    let left = maxRemovals;
    for (const producer of this.#options.producers.values()) {
      for (;;) {
        const oldest = this.#findRemovable(producer);
        if (oldest === undefined || !this.#isOld(oldest) || left === 0) break;
        this.#remove(oldest);
        left -= 1;
      }
    }
    const gone = this.#aside.filter((file) => this.#isOld(file) && !isLastNumber(file));
    for (const file of gone.slice(0, maxRemovals)) {
      this.#options.files.remove(file.producer.id, file.name);
      this.#aside = this.#aside.filter((other) => other !== file);
      this.#asideBytes -= toSpace(file.bytes);
    }
  }

  /**
   * Lets go of the oldest batches that are counted, whatever their age, until `bytes` are free or nothing more can
   * go. Gives how much was freed. Throws the system's errors.
   */
  makeRoom(bytes: number): number {
    let freed = 0;
    for (let left = maxRemovals; freed < bytes && left > 0; left -= 1) {
      let oldest: StoredBatch | undefined;
      for (const producer of this.#options.producers.values()) {
        const candidate = this.#findRemovable(producer);
        if (candidate === undefined) continue;
        if (oldest === undefined || candidate.sealedAtMs < oldest.sealedAtMs) oldest = candidate;
      }
      if (oldest === undefined) break;
      this.#remove(oldest);
      freed += toSpace(oldest.bytes);
      this.#options.rareLog.count('counted batches removed early', 'batches', 1);
    }
    return freed;
  }

  /** The oldest batch of a producer, when it may go. */
  #findRemovable(producer: SpoolProducer): StoredBatch | undefined {
    const [oldest] = producer.batches;
    if (oldest === undefined || !oldest.isCounted || oldest.seq > producer.knownUpTo) {
      return undefined;
    }
    return producer.isOwn && producer.batches.length === 1 ? undefined : oldest;
  }

  /** By the wall clock, or by the other one when the wall clock was set back. */
  #isOld(file: { readonly sealedAtMs: number; readonly seenAtMs: number }): boolean {
    const { clock, retentionMs } = this.#options;
    return (
      clock.now() - file.sealedAtMs >= retentionMs ||
      clock.monotonicMs() - file.seenAtMs >= retentionMs
    );
  }

  #remove(batch: StoredBatch): void {
    this.#options.files.remove(batch.owner.id, batch.name);
    batch.owner.remove(batch);
  }
}

function isLastNumber({ producer, seq }: AsideFile): boolean {
  return producer.isOwn && seq > (producer.batches.at(-1)?.seq ?? 0);
}
