import type { Clock } from '../../domain/clock.ts';
import type { RareLog } from '../rare-log.ts';
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
  /** How long files stay at least besides, milliseconds: what no good backup has. */
  readonly heldForMs: () => number;
}

/** No more files than this go at once, so that the event loop goes on. */
const maxRemovals = 100;
/** What the disk does not let go of is left alone for so long. */
const retryMs = 60_000;

/**
 * Decides which files go. A batch that is not counted never does, and neither does the newest of this node's own
 * producer: its number would be used again. A file that cannot be removed is logged, and holds up no other.
 */
export class Keep {
  readonly #options: KeepOptions;
  #aside: AsideFile[] = [];
  #asideBytes = 0;
  /** What could not be removed, until it is tried again. */
  readonly #stuck = new Set<StoredBatch | AsideFile>();
  #retryAtMs = 0;

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

  /** Lets go of what is counted and older than the retention. */
  removeOld(): void {
    this.#retryStuck();
    let left = maxRemovals;
    for (const producer of this.#options.producers.values()) {
      for (; left > 0; left -= 1) {
        const oldest = this.#findRemovable(producer);
        if (oldest === undefined || !this.#isOld(oldest)) break;
        this.#remove(oldest);
      }
    }
    const gone = this.#aside.filter(
      (file) => this.#isOld(file) && !isLastNumber(file) && !this.#stuck.has(file),
    );
    for (const file of gone.slice(0, maxRemovals)) {
      if (!this.#unlink(file.producer, file)) continue;
      this.#aside = this.#aside.filter((other) => other !== file);
      this.#asideBytes -= toSpace(file.bytes);
    }
  }

  /**
   * Lets go of the oldest batches that are counted, whatever their age, until `bytes` are free or nothing more can
   * go. Gives how much was freed.
   */
  makeRoom(bytes: number): number {
    this.#retryStuck();
    let freed = 0;
    for (let left = maxRemovals; freed < bytes && left > 0; left -= 1) {
      let oldest: StoredBatch | undefined;
      for (const producer of this.#options.producers.values()) {
        const candidate = this.#findRemovable(producer);
        if (candidate === undefined) continue;
        if (oldest === undefined || candidate.sealedAtMs < oldest.sealedAtMs) oldest = candidate;
      }
      if (oldest === undefined) break;
      if (!this.#remove(oldest)) continue;
      freed += toSpace(oldest.bytes);
      this.#options.rareLog.count('counted batches removed early', 'batches', 1);
    }
    return freed;
  }

  /** The oldest batch of a producer that the disk lets go of, when it may go. */
  #findRemovable({ batches, isOwn, knownUpTo }: SpoolProducer): StoredBatch | undefined {
    const oldest = batches.find((batch) => !this.#stuck.has(batch));
    if (oldest === undefined || !oldest.isCounted || oldest.seq > knownUpTo) return undefined;
    return isOwn && oldest === batches.at(-1) ? undefined : oldest;
  }

  /** By the wall clock, or by the other one when the wall clock was set back. */
  #isOld(file: { readonly sealedAtMs: number; readonly seenAtMs: number }): boolean {
    const { clock, retentionMs, heldForMs } = this.#options;
    const ageMs = Math.max(clock.now() - file.sealedAtMs, clock.monotonicMs() - file.seenAtMs);
    return ageMs >= Math.max(retentionMs, heldForMs());
  }

  #remove(batch: StoredBatch): boolean {
    if (!this.#unlink(batch.owner, batch)) return false;
    batch.owner.remove(batch);
    return true;
  }

  /** Gives whether the file is gone, by whomever. */
  #unlink({ id }: SpoolProducer, file: StoredBatch | AsideFile): boolean {
    const { files, rareLog } = this.#options;
    try {
      files.remove(id, file.name);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return true;
      this.#stuck.add(file);
      rareLog.count('batches cannot be removed', 'failures', 1, error);
      return false;
    }
  }

  #retryStuck(): void {
    const nowMs = this.#options.clock.monotonicMs();
    if (nowMs < this.#retryAtMs) return;
    this.#stuck.clear();
    this.#retryAtMs = nowMs + retryMs;
  }
}

function isLastNumber({ producer, seq }: AsideFile): boolean {
  return producer.isOwn && seq > (producer.batches.at(-1)?.seq ?? 0);
}
