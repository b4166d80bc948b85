import { encodeBatchHeader } from '../../domain/click-batch-header.ts';
import type { SegmentFile, SpoolFiles } from './spool-files.ts';
import { openName } from './spool-names.ts';
import type { SpoolProducer } from './spool-producer.ts';

/** What there is to seal. */
export interface SegmentContent {
  /** Whole ones, one after the other. */
  readonly frames: Uint8Array;
  /** All clicks that were recorded, the damaged ones with them. */
  readonly clicks: number;
  readonly damaged: number;
  readonly region: string;
}

const initialBytes = 16_384;

/**
 * A segment that was begun in this process: a file that grows, and its frames in memory. What is in memory is what
 * was taken by the system, nothing else.
 */
export class Segment implements SegmentContent {
  readonly producer: SpoolProducer;
  readonly seq: number;
  readonly clicksBefore: number;
  readonly region: string;
  readonly damaged = 0;
  readonly openedAtMs: number;
  /** Since when there is something that the disk need not have; monotonic. */
  dirtySinceMs: number | undefined;
  /** Whether the file may have more than its frames, so that nothing can be appended any more. */
  isBroken = false;
  clicks = 0;
  readonly #files: SpoolFiles;
  readonly #file: SegmentFile;
  readonly #headerBytes: number;
  #buffer = Buffer.allocUnsafeSlow(initialBytes);
  #length = 0;
  #isNamed = false;
  #isClosed = false;

  /** Makes its file, to follow all that its producer has. Throws the system's error. */
  constructor(options: {
    readonly files: SpoolFiles;
    readonly producer: SpoolProducer;
    readonly region: string;
    readonly nowMs: number;
  }) {
    const { files, producer, region, nowMs } = options;
    this.#files = files;
    this.producer = producer;
    this.seq = producer.lastSeq + 1;
    this.clicksBefore = producer.clicks;
    this.region = region;
    this.openedAtMs = nowMs;
    const header = encodeBatchHeader(
      { producer: producer.id, seq: this.seq, clicksBefore: this.clicksBefore, region },
      undefined,
    );
    this.#headerBytes = header.length;
    this.#file = files.openSegment(producer.id, openName(this.seq));
    try {
      // An attempt that failed can have left something.
      this.#file.truncate(0);
      if (this.#file.append(header) < header.length) throw diskFull();
    } catch (error) {
      this.close();
      throw error;
    }
    producer.use(this.seq, this.clicksBefore);
  }

  get isEmpty(): boolean {
    return this.#length === 0;
  }

  /** Size of its file. */
  get bytes(): number {
    return this.#headerBytes + this.#length;
  }

  get frames(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }

  /**
   * Appends frames with one write. When that fails the file is cut back to the last whole frame, and the system's
   * error is thrown; when even that fails, the segment is broken.
   */
  append(frames: Uint8Array, clicks: number): void {
    try {
      // A regular file takes less only when there is no room for more.
      if (this.#file.append(frames) < frames.length) throw diskFull();
    } catch (error) {
      this.#cutBack();
      throw error;
    }
    const length = this.#length + frames.length;
    if (length > this.#buffer.length) this.#grow(length);
    this.#buffer.set(frames, this.#length);
    this.#length = length;
    this.clicks += clicks;
    this.producer.use(this.seq, this.clicksBefore + this.clicks);
  }

  /** Forces its file, and its name, to the disk. Rejects with the system's error. */
  async sync(): Promise<void> {
    const since = this.dirtySinceMs;
    if (since === undefined || this.#isClosed) return;
    this.dirtySinceMs = undefined;
    try {
      await this.#file.sync();
      if (!this.#isNamed) await this.#files.syncFolder(this.producer.id);
      this.#isNamed = true;
    } catch (error) {
      this.dirtySinceMs = since;
      throw error;
    }
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    try {
      this.#file.close();
    } catch {
      // Whether an error or not, the file is closed; what it holds was forced to the disk before, or is in memory.
    }
  }

  #cutBack(): void {
    try {
      this.#file.truncate(this.bytes);
    } catch {
      // Whatever the system says to that: nothing more can be appended behind what may be half a frame.
      this.isBroken = true;
    }
  }

  #grow(length: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(length, this.#buffer.length * 2));
    larger.set(this.frames);
    this.#buffer = larger;
  }
}

function diskFull(): NodeJS.ErrnoException {
  return Object.assign(new Error('ENOSPC: only a part was written'), { code: 'ENOSPC' });
}
