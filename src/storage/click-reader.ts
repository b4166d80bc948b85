import type { ClickBucket, ClickReader, ClickTotals } from '../domain/click-reader.ts';
import { type BucketPlace, readBuckets } from './click-buckets.ts';
import { countColumns } from './click-counts.ts';
import { readKeptFrom } from './click-kept-from.ts';
import { listValues } from './click-value-list.ts';
import type { Connection } from './connection.ts';
import { findOrphans } from './orphan-list.ts';
import { findProducer, toCursor } from './producer-row.ts';
import { clickReadBuilder, defineQuery } from './query.ts';
import { readEach, readInSteps } from './read-in-steps.ts';
import type { ReaderOptions } from './reader.ts';
import { ReaderConnection } from './reader-connection.ts';
import { readSchemaVersion } from './schema-version.ts';
import { listTopLinks } from './top-links.ts';

/** This node's copy of `clicks.db`, readonly, on the thread that serves. */
export interface OpenClickReader extends ClickReader, Disposable {
  /** Number of the newest migration; `undefined` without a database. Rejects with `unavailable` when busy. */
  schemaVersion(): Promise<number | undefined>;
  /** Opens the file anew with the next read: after LiteFS has replaced it. */
  reopen(): void;
}

const findTotal = defineQuery((p: { linkId: number }) =>
  clickReadBuilder
    .selectFrom('click_totals')
    .select([...countColumns, 'undated'])
    .where('link_id', '=', p.linkId),
);

/** Opens a reader of `clicks.db`; the file itself is opened by the first read that finds it. */
export function openClickReader({ file, timeoutMs }: ReaderOptions): OpenClickReader {
  const connection = new ReaderConnection(file, timeoutMs, {
    words: 'the clicks',
    table: 'click_totals',
  });
  return {
    async findTotals(linkIds) {
      const found = await readEach(connection, linkIds, (c, linkId) => {
        const total = c.get(findTotal, { linkId });
        return [linkId, total] as const;
      });
      const totals = new Map<number, ClickTotals>();
      for (const [linkId, total] of found) if (total !== undefined) totals.set(linkId, total);
      return totals;
    },

    async findKeptFrom() {
      const found = await connection.readIfPresent(readKeptFrom);
      return found?.value ?? 0;
    },

    async listBuckets(linkId, range) {
      const buckets: ClickBucket[] = [];
      const read = (c: Connection, place: BucketPlace) => readBuckets(c, { linkId, range }, place);
      for await (const found of readInSteps(connection, { day: 0 }, read)) buckets.push(...found);
      return buckets;
    },

    listValues: (linkId, dimension, range, order, limit) =>
      listValues(connection, { linkId, dimension, range }, { order, limit }),
    listTopLinks: (range, order, limit) => listTopLinks(connection, range, { order, limit }),
    findOrphans: (domainId, range) => findOrphans(connection, domainId, range),

    async findCursor(producer) {
      const found = await connection.readIfPresent((c) => c.get(findProducer, { producer }));
      return found?.value && toCursor(found.value);
    },

    schemaVersion: () => readSchemaVersion(connection),
    reopen: () => connection.reopen(),
    [Symbol.dispose]: () => connection[Symbol.dispose](),
  };
}
