import { setImmediate as nextTick } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { allLinksId, toHour } from '../../src/domain/click.ts';
import { openClickReader } from '../../src/storage/click-reader.ts';
import type { JournalMode } from '../../src/storage/open-writable.ts';
import { startWriter } from '../../src/storage/writer.ts';
import { sealBatch, someTimeMs } from '../support/sealed-batch.ts';
import { TestFolder, writerOptions } from '../support/test-database.ts';

const merges = 120;
const clicksPerMerge = 100;
const hour = toHour(someTimeMs);
const range = { fromHour: hour, toHour: hour + 48 };

/** Clicks of many links and referrers, in two hours. */
function batch(seq: number): Uint8Array {
  return sealBatch({
    seq,
    clicksBefore: (seq - 1) * clicksPerMerge,
    ticks: [0, 1].map((tick) => ({
      timeMs: someTimeMs + tick * 3_600_000,
      clicks: Array.from({ length: clicksPerMerge / 2 }, (_, index) => ({
        linkId: 1 + ((seq * 31 + index * 7) % 300),
        details: { referrer: `${(seq + index) % 40}.example`, country: 'NL' },
      })),
    })),
  });
}

const sum = (counts: readonly { readonly clicks: number }[]) =>
  counts.reduce((all, { clicks }) => all + clicks, 0);

test.each(['delete', 'wal'] as const)(
  'readers in a storm of merges always see whole ones (journal mode %s)',
  async (journalMode: JournalMode) => {
    using folder = new TestFolder();
    await using writer = await startWriter(writerOptions(folder, { journalMode }));
    using reader = openClickReader({ file: folder.file('clicks.db'), timeoutMs: 10_000 });
    const state = { isOver: false };
    const storm = (async () => {
      for (let seq = 1; seq <= merges; seq += 1) {
        await writer.count('mergeClicks', {
          batches: [{ bytes: batch(seq) }],
          nowMs: someTimeMs,
          datedForMs: 86_400_000,
        });
      }
    })().finally(() => {
      state.isOver = true;
    });
    // Awaited below: a failure there must not hide behind the storm that it ends.
    storm.catch(() => undefined);
    const total = async () => (await reader.findTotals([allLinksId])).get(allLinksId)?.clicks ?? 0;
    let last = 0;
    let reads = 0;
    while (!state.isOver) {
      const before = await total();
      const seen = [
        sum(await reader.listBuckets(allLinksId, range)),
        sum(await reader.listValues(allLinksId, 'country', range, 'all', 10)),
        sum(await reader.listTopLinks(range, 'all', 1_000)),
      ];
      const after = await total();
      for (const clicks of seen) {
        expect(clicks % clicksPerMerge).toBe(0);
        expect(clicks).toBeGreaterThanOrEqual(before);
        expect(clicks).toBeLessThanOrEqual(after);
      }
      expect(before).toBeGreaterThanOrEqual(last);
      last = after;
      reads += 1;
      await nextTick();
    }
    await storm;
    expect(reads).toBeGreaterThan(5);
    expect(await total()).toBe(merges * clicksPerMerge);
    const ofLinks = await reader.listTopLinks(range, 'all', 1_000);
    expect(sum(ofLinks)).toBe(merges * clicksPerMerge);
    for (const { linkId, clicks } of ofLinks.slice(0, 20)) {
      expect(sum(await reader.listBuckets(linkId, range))).toBe(clicks);
      expect(sum(await reader.listValues(linkId, 'referrer', range, 'all', 100))).toBe(clicks);
    }
  },
  60_000,
);
