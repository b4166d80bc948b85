import {
  type ClickBatch,
  clicksThrough,
  decodeBatch,
  findCounted,
  hashFrames,
} from './click-batch.ts';
import { type ClickCursor, expectedSeq, type ProducerId } from './click-cursor.ts';
import { ClickFormatError } from './click-format-error.ts';
import { batchHashesKept, type ClickStore } from './click-store.ts';
import { ClickSums } from './click-sums.ts';
import { findPrefix } from './find-prefix.ts';
import { ReferrerValues } from './referrer-values.ts';
import type { MergeClicksInput, MergeOutcome, ShippedBatch } from './writer.ts';

/**
 * A transaction adds to no more rows of the rollups than this, so that it holds up nobody for long. By the hour: the store
 * adds to the day of each, too.
 */
const maxRowsPerMerge = 5_000;

/** What is to become of a batch; a number says that it may be counted, and how many frames of it already are. */
type Verdict = number | 'merged' | 'gap' | 'conflict' | 'absent';

/**
 * Counts batches in their order: moves the cursors of their producers and adds to the rollups, both through `store`,
 * whose transaction makes it one. Which batch comes next is decided by the cursor alone, so that it does not matter how
 * often or in which order batches come.
 *
 * Ends early once no more rows fit, with outcomes for fewer batches than came. Each call gets further: at least one frame
 * is counted. After a gap or a conflict the other batches of that producer are held back for this call: what they
 * follow is not counted.
 */
export function mergeClicks(
  store: ClickStore,
  input: MergeClicksInput,
  { maxRows = maxRowsPerMerge }: { readonly maxRows?: number } = {},
): readonly MergeOutcome[] {
  const sums = new ClickSums({
    referrers: new ReferrerValues(store),
    nowMs: input.nowMs,
    datedForMs: input.datedForMs,
  });
  const heldBack = new Set<ProducerId>();
  const outcomes: MergeOutcome[] = [];
  for (const shipped of input.batches) {
    const batch = readBatch(shipped);
    if (!('frames' in batch)) {
      outcomes.push(batch);
      continue;
    }
    const outcome = mergeBatch(batch, shipped);
    if (outcome === 'full') break;
    outcomes.push(outcome);
    if (outcome.is === 'gap' || outcome.is === 'conflict') heldBack.add(batch.producer);
    if (outcome.is === 'partial') break;
  }
  sums.writeTo(store);
  return outcomes;

  function mergeBatch(batch: ClickBatch, shipped: ShippedBatch): MergeOutcome | 'full' {
    const { producer } = batch;
    const cursor = store.findCursor(producer);
    const verdict = heldBack.has(producer) ? 'gap' : judge(store, cursor, batch, shipped);
    if (verdict === 'gap' || verdict === 'conflict' || verdict === 'absent') {
      const clicks = cursor?.clicks ?? 0;
      return { is: verdict, producer, expected: expectedSeq(cursor), clicks };
    }
    if (verdict === 'merged') return { is: 'merged', cursor: cursor as ClickCursor };
    let frames = verdict;
    for (const frame of batch.frames.slice(verdict)) {
      if (!sums.tryAdd(frame, batch.region, maxRows)) break;
      frames += 1;
    }
    if (frames === verdict && frames < batch.frames.length) return 'full';
    if (cursor !== undefined && batch.seq < cursor.seq) {
      store.putBatchHash(producer, batch.seq, hashFrames(batch, frames));
      const found = withoutLost(cursor, countClicks(batch, verdict, frames));
      store.putCursor(found);
      return { is: frames === batch.frames.length ? 'merged' : 'partial', cursor: found };
    }
    const moved = moveCursor(cursor, batch, verdict, frames);
    store.putCursor(moved);
    // The rest of the batch before is declared lost; should it come after all, its beginning is known.
    if (cursor !== undefined && !cursor.isComplete && cursor.seq < moved.seq) {
      store.putBatchHash(producer, cursor.seq, cursor.hash);
    }
    if (!moved.isComplete) return { is: 'partial', cursor: moved };
    store.putBatchHash(producer, batch.seq, batch.hash);
    return { is: 'merged', cursor: moved };
  }
}

function readBatch({ bytes }: ShippedBatch): ClickBatch | MergeOutcome {
  try {
    return decodeBatch(bytes);
  } catch (error) {
    if (error instanceof ClickFormatError) return { is: 'invalid', detail: error.message };
    throw error;
  }
}

/**
 * Compares a batch with what is counted. A batch can come again longer than it was counted: the newest one when the rest
 * did not fit into a transaction, and any when a copy of the volume had only its beginning and was faster. Nothing is the
 * beginning of all batches and so of none.
 */
function judge(
  store: ClickStore,
  cursor: ClickCursor | undefined,
  batch: ClickBatch,
  { lostFrom, isTrial }: ShippedBatch,
): Verdict {
  if (cursor !== undefined && batch.seq < cursor.seq) {
    const hash = store.findBatchHash(batch.producer, batch.seq);
    if (hash === batch.hash) return 'merged';
    if (hash !== undefined) return findPrefix(batch, hash) || 'conflict';
    // Nothing of it is counted: it was declared lost. Of an older one nobody knows, and it is better not counted twice.
    if (batch.seq <= cursor.seq - batchHashesKept) return 'merged';
    return isTrial ? 'absent' : 0;
  }
  if (cursor !== undefined && batch.seq === cursor.seq) {
    if (cursor.isComplete && batch.hash === cursor.hash) return 'merged';
    return findCounted(batch, { clicks: cursor.merged, hash: cursor.hash }) || 'conflict';
  }
  const expected = expectedSeq(cursor);
  if (batch.seq !== expected && lostFrom !== expected) return 'gap';
  return isTrial ? 'absent' : 0;
}

/** The cursor after the first `to` frames of a batch, of which `from` were counted before. */
function moveCursor(
  before: ClickCursor | undefined,
  batch: ClickBatch,
  from: number,
  to: number,
): ClickCursor {
  const isComplete = to === batch.frames.length;
  const last = batch.frames[to - 1];
  const merged = last === undefined ? 0 : clicksThrough(last);
  const clicks = batch.clicksBefore + (isComplete ? batch.clicks : merged);
  const counted = countClicks(batch, from, to);
  // What lies between and is in no frame is lost: batches that are gone, and what was damaged in this one. A producer
  // of which two volumes exist can count less than is counted here, which makes up for no loss.
  const clicksBefore = before?.clicks ?? 0;
  const start =
    before?.seq === batch.seq ? clicksBefore : Math.min(clicksBefore, batch.clicksBefore);
  return {
    producer: batch.producer,
    seq: batch.seq,
    merged,
    hash: isComplete ? batch.hash : hashFrames(batch, to),
    isComplete,
    clicks,
    lost: Math.max(0, (before?.lost ?? 0) + clicks - start - counted),
  };
}

/** The cursor after clicks that had been declared lost came after all: an undamaged copy of their batch was on its way. */
function withoutLost(cursor: ClickCursor, clicks: number): ClickCursor {
  return { ...cursor, lost: Math.max(0, cursor.lost - clicks) };
}

function countClicks({ frames }: ClickBatch, from: number, to: number): number {
  return frames.slice(from, to).reduce((sum, { clicks }) => sum + clicks.length, 0);
}
