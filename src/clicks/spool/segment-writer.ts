import type { ClickFrameEncoder } from '../../domain/click-frame-encoder.ts';
import type { Clock } from '../../domain/clock.ts';
import type { RareLog } from '../rare-log.ts';
import type { SealTask } from './sealer.ts';
import { Segment } from './segment.ts';
import type { DropReason } from './spool-counts.ts';
import type { SpoolFiles } from './spool-files.ts';
import { openName, toFileTime } from './spool-names.ts';
import { type SpoolProducer, toSpace } from './spool-producer.ts';

export interface SegmentWriterOptions {
  readonly files: SpoolFiles;
  readonly clock: Clock;
  readonly rareLog: RareLog;
  readonly region: string;
  /** Takes over a segment to which nothing more is appended. */
  readonly onClosed: (task: SealTask) => void;
  /** Told of the system's error that kept clicks from the disk. */
  readonly onFailed: (error: unknown) => void;
  /** Why nothing more may be written at the moment, whatever the disk says. */
  readonly findLimit: (openBytes: number) => DropReason | undefined;
}

/** A segment is sealed when more would make it longer than this. */
const maxSegmentBytes = 262_144;
/** After a failed write nothing is tried for this long, so that a full disk costs no call a tick. */
const retryMs = 100;

/** Appends frames to segments: one that is open, and those that wait for being sealed. */
export class SegmentWriter {
  readonly #options: SegmentWriterOptions;
  /** Whose clicks they are; `undefined` while it cannot be told. */
  #producer: SpoolProducer | undefined;
  #open: Segment | undefined;
  /** Closed ones whose files are still there. */
  readonly #closed = new Set<Segment>();
  #blocked: { readonly reason: DropReason; readonly untilMs: number } | undefined;

  constructor(options: SegmentWriterOptions) {
    this.#options = options;
  }

  get open(): Segment | undefined {
    return this.#open;
  }

  /** Since when something may not be on the disk; monotonic. */
  get dirtySinceMs(): number | undefined {
    let since = this.#open?.dirtySinceMs;
    for (const { dirtySinceMs } of this.#closed) {
      if (dirtySinceMs !== undefined && !(since !== undefined && since < dirtySinceMs)) {
        since = dirtySinceMs;
      }
    }
    return since;
  }

  /** Writes for another producer from now on. Even an empty segment is sealed, so that no number is missing. */
  use(producer: SpoolProducer): void {
    if (this.#open !== undefined) this.#close(this.#open);
    this.#producer = producer;
    this.#blocked = undefined;
  }

  /** Appends with one write; gives why that was not possible. The frames are not cleared. */
  append(frames: ClickFrameEncoder, nowMs: number): DropReason | undefined {
    const { clock, findLimit } = this.#options;
    if (this.#blocked !== undefined) {
      if (clock.monotonicMs() < this.#blocked.untilMs) return this.#blocked.reason;
      this.#blocked = undefined;
    }
    const limit = findLimit(this.#open?.bytes ?? 0);
    if (limit !== undefined) return this.#block(limit);
    try {
      this.#write(frames, nowMs);
    } catch (error) {
      this.#options.rareLog.count('clicks cannot be written', 'failures', 1, error);
      this.#options.onFailed(error);
      return this.#block(toDropReason(error));
    }
    return undefined;
  }

  /** Has the open segment sealed, when there is something in it. */
  close(): void {
    if (this.#open !== undefined && !this.#open.isEmpty) this.#close(this.#open);
  }

  /** Forces all that was appended to the disk. Never rejects; what failed stays to be done. */
  async sync(): Promise<void> {
    const segments = [...this.#closed];
    if (this.#open !== undefined) segments.push(this.#open);
    const results = await Promise.allSettled(segments.map((segment) => segment.sync()));
    for (const result of results) {
      if (result.status === 'fulfilled') continue;
      this.#options.rareLog.count('clicks cannot be synced', 'failures', 1, result.reason);
    }
  }

  /** Lets go of the open files. */
  closeFiles(): void {
    this.#open?.close();
    for (const segment of this.#closed) segment.close();
  }

  #write(frames: ClickFrameEncoder, nowMs: number): void {
    const { files, clock, region } = this.#options;
    if (this.#producer === undefined) throw new Error('The spool has no producer.');
    let bytes = frames.finish(this.#open?.clicks ?? 0, nowMs);
    const isFull = (this.#open?.bytes ?? 0) + bytes.length > maxSegmentBytes;
    if (isFull && this.#open !== undefined && !this.#open.isEmpty) {
      this.#close(this.#open);
      bytes = frames.finish(0, nowMs);
    }
    if (this.#open === undefined) {
      this.#open = new Segment({
        files,
        producer: this.#producer,
        region,
        nowMs: clock.monotonicMs(),
      });
    }
    const segment = this.#open;
    try {
      segment.append(bytes, frames.clicks);
    } finally {
      if (segment.isBroken) this.#close(segment);
    }
    segment.dirtySinceMs ??= clock.monotonicMs();
  }

  #close(segment: Segment): void {
    this.#open = undefined;
    this.#closed.add(segment);
    const { files, clock, onClosed } = this.#options;
    const { producer, seq, clicksBefore, bytes, clicks } = segment;
    onClosed({
      producer,
      seq,
      clicksBefore,
      origin: 'sealed',
      sealedAtMs: toFileTime(clock.now()),
      bytes,
      clicks,
      load: async () => segment,
      discard: () => {
        this.#closed.delete(segment);
        segment.close();
        files.remove(producer.id, openName(seq));
      },
    });
  }

  #block(reason: DropReason): DropReason {
    this.#blocked = { reason, untilMs: this.#options.clock.monotonicMs() + retryMs };
    return reason;
  }
}

/** Space that segments take until they are sealed. */
export function spaceOf(tasks: readonly SealTask[]): number {
  return tasks.reduce((sum, { bytes }) => sum + toSpace(bytes), 0);
}

/** Under which reason clicks are counted that a system's error kept from the disk. */
export function toDropReason(error: unknown): DropReason {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  return code === 'ENOSPC' || code === 'EDQUOT' ? 'disk_full' : 'io_error';
}
