import type { Clock } from '../../domain/clock.ts';
import type { SealTask } from './sealer.ts';
import type { Segment } from './segment.ts';
import { type SpoolProducer, type StoredBatch, toSpace } from './spool-producer.ts';

/** How a spool is at the moment. */
export interface SpoolGauges {
  /** Clicks here that this node's own copy of `clicks.db` does not show yet: what a destroyed volume would lose. */
  readonly unconfirmedClicks: number;
  /** Age of the oldest batch, or open segment, with such clicks, milliseconds; 0 without any. */
  readonly oldestUnconfirmedMs: number;
  readonly batches: number;
  /** Space that all files take, in whole blocks of 4 KiB. */
  readonly bytes: number;
}

/** Adds up what is open, what waits for being sealed, and every batch that is not counted. */
export function readSpoolGauges(spool: {
  readonly open: Segment | undefined;
  readonly tasks: readonly SealTask[];
  readonly producers: Iterable<SpoolProducer>;
  readonly bytesAtRest: number;
  readonly clock: Clock;
}): SpoolGauges {
  const { open, tasks, producers, bytesAtRest, clock } = spool;
  const nowMs = clock.now();
  let unconfirmedClicks = 0;
  let oldestUnconfirmedMs = 0;
  const add = (clicks: number, ageMs: number) => {
    if (clicks === 0) return;
    unconfirmedClicks += clicks;
    oldestUnconfirmedMs = Math.max(oldestUnconfirmedMs, ageMs);
  };
  if (open !== undefined) add(open.clicks, clock.monotonicMs() - open.openedAtMs);
  for (const { clicks, sealedAtMs } of tasks) add(clicks, nowMs - sealedAtMs);
  let count = 0;
  for (const { batches } of producers) {
    count += batches.length;
    // The newest first: what is counted begins at the first batch that is.
    for (let at = batches.length - 1; at >= 0; at -= 1) {
      const batch = batches[at] as StoredBatch;
      if (batch.isCounted) break;
      add(batch.unconfirmedClicks, nowMs - batch.sealedAtMs);
    }
  }
  const bytes = bytesAtRest + toSpace(open?.bytes ?? 0);
  return { unconfirmedClicks, oldestUnconfirmedMs, batches: count, bytes };
}
