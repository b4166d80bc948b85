import { expect, test } from 'vitest';
import { allLinksId, toHour } from '../../src/domain/click.ts';
import { createClickCommands } from '../../src/storage/click-commands.ts';
import { openClickReader } from '../../src/storage/click-reader.ts';
import { ClickDatabase } from '../support/click-database.ts';
import { sealBatch, someProducer, someTimeMs } from '../support/sealed-batch.ts';

/** What the next release may do before this one is gone: new columns in every table, and new tables. */
const nextRelease = `
  CREATE TABLE campaigns (id INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT;
  ALTER TABLE click_totals ADD COLUMN campaign_id INTEGER REFERENCES campaigns (id);
  ALTER TABLE click_values ADD COLUMN note TEXT;
  ALTER TABLE click_hours ADD COLUMN previews INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE click_days ADD COLUMN previews INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE click_value_hours ADD COLUMN previews INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE click_value_days ADD COLUMN previews INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE producers ADD COLUMN node TEXT;
  ALTER TABLE producer_batches ADD COLUMN counted_at INTEGER;
  ALTER TABLE orphan_hours ADD COLUMN scans INTEGER;
  ALTER TABLE orphan_slugs ADD COLUMN first_hour INTEGER;
`;

test('this release counts, folds and reads on the schema of the next one, with handles opened before', async () => {
  using clicks = new ClickDatabase();
  using reader = openClickReader({ file: clicks.file, timeoutMs: 250 });
  const commands = createClickCommands(clicks.connection);
  const merge = (seq: number) =>
    clicks.connection.database
      .transaction(() =>
        commands.mergeClicks({
          batches: [
            {
              bytes: sealBatch({
                seq,
                clicksBefore: seq - 1,
                ticks: [{ clicks: [{ linkId: 7, details: { os: 'iOS' } }], orphans: ['gone'] }],
              }),
            },
          ],
          nowMs: someTimeMs,
          datedForMs: 86_400_000,
        }),
      )
      .immediate();
  const hour = toHour(someTimeMs);
  const range = { fromHour: hour, toHour: hour + 24 };
  const readAll = async () => [
    (await reader.findTotals([7])).get(7)?.clicks,
    (await reader.listBuckets(allLinksId, range)).map((bucket) => bucket.clicks),
    (await reader.listValues(7, 'os', range, 'all', 5)).map((value) => value.clicks),
    (await reader.listTopLinks(range, 'all', 5)).map((link) => link.clicks),
    (await reader.findOrphans(1, range)).hits,
    (await reader.findCursor(someProducer))?.seq,
  ];

  expect(merge(1)).toMatchObject([{ is: 'merged' }]);
  expect(await readAll()).toEqual([1, [1], [1], [1], 1, 1]);
  clicks.connection.database.exec(nextRelease);
  expect(merge(2)).toMatchObject([{ is: 'merged' }]);
  expect(await readAll()).toEqual([2, [2], [2], [2], 2, 2]);
  clicks.foldAll(hour + 24);
  expect(await readAll()).toEqual([2, [2], [2], [2], 2, 2]);
});
