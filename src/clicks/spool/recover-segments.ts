import type { Logger } from 'pino';
import { ClickFormatError } from '../../domain/click-format-error.ts';
import type { Clock } from '../../domain/clock.ts';
import { findSegmentHeader, recoverSegment } from './recover-segment.ts';
import type { SealTask } from './sealer.ts';
import type { SpoolFiles } from './spool-files.ts';
import type { SpoolFolder } from './spool-folder.ts';
import { openName, toFileTime } from './spool-names.ts';
import type { SpoolProducer } from './spool-producer.ts';

/** What the open segments of a folder come to. */
export interface RecoveredSegments {
  readonly tasks: readonly SealTask[];
  /** Clicks that the segments no longer have. */
  readonly torn: number;
  /** A later release wrote some of them, so that no number of this one may follow. */
  readonly isForeign: boolean;
}

/** Finds what is left of each open segment of a folder, and removes an empty one at the end. Throws the system's errors. */
export function recoverSegments(
  { id, segments, batches, aside }: SpoolFolder,
  producer: SpoolProducer,
  options: {
    readonly files: SpoolFiles;
    readonly region: string;
    readonly log: Logger;
    readonly clock: Clock;
  },
): RecoveredSegments {
  const { files, region, log, clock } = options;
  /** Clicks before each segment, as far as its header says. */
  const before = new Map<number, number>();
  const known = segments.filter(({ seq, bytes }) => {
    try {
      const header = findSegmentHeader(bytes);
      if (header !== undefined) before.set(seq, header.clicksBefore);
      return true;
    } catch (error) {
      if (!(error instanceof ClickFormatError)) throw error;
      log.error({ producer: id, seq, err: error }, 'segment of clicks is left alone');
      return false;
    }
  });
  const lastAside = aside.reduce((last, { batch }) => Math.max(last, batch.seq), 0);
  const lastSeq = Math.max(lastAside, batches.at(-1)?.batch.seq ?? 0, segments.at(-1)?.seq ?? 0);
  const tasks: SealTask[] = [];
  let torn = 0;
  /** Clicks through the segments so far. */
  let through = 0;
  for (const { seq, bytes } of known) {
    const earlier = batches.findLast(({ batch }) => batch.seq < seq)?.batch;
    const next = batches.find(({ batch }) => batch.seq === seq + 1)?.batch;
    const content = recoverSegment(bytes, {
      clicksBefore: Math.max(
        through,
        earlier === undefined ? 0 : earlier.clicksBefore + earlier.clicks,
      ),
      clicksThrough: next?.clicksBefore ?? before.get(seq + 1),
      region,
    });
    const { clicks, clicksBefore, damaged, frames, cutBytes } = content;
    if (clicks === 0 && frames.length === 0 && seq === lastSeq) {
      files.remove(id, openName(seq));
      continue;
    }
    through = clicksBefore + clicks;
    torn += damaged;
    if (cutBytes > 0) {
      log.warn({ producer: id, seq, cutBytes, clicks: damaged }, 'segment of clicks was damaged');
    }
    tasks.push({
      producer,
      seq,
      clicksBefore,
      origin: 'recovered',
      sealedAtMs: toFileTime(clock.now()),
      bytes: bytes.length,
      clicks,
      load: async () => content,
      discard: () => files.remove(id, openName(seq)),
    });
  }
  return { tasks, torn, isForeign: known.length < segments.length };
}
