import Database from 'better-sqlite3';
import {
  allLinksId,
  type ClickCounts,
  type ClickDimension,
  clickDimensions,
} from '../../src/domain/click.ts';
import type { ClickStore } from '../../src/domain/click-store.ts';
import { createClickStore } from '../../src/storage/click-store.ts';
import { Connection } from '../../src/storage/connection.ts';
import { foldClicks } from '../../src/storage/fold-clicks.ts';
import { migrateUp } from '../../src/storage/migrations/commands.ts';
import type { JournalMode } from '../../src/storage/open-writable.ts';
import { clicksMigrations, TestFolder } from './test-database.ts';

/** Clicks of a test. A value that is not given is not known. */
export interface SomeClicks extends Partial<ClickCounts> {
  readonly linkId: number;
  readonly hour: number;
  readonly values?: Partial<Readonly<Record<ClickDimension, string>>>;
}

/** A real `clicks.db` in a folder of its own, and a connection that writes to it. */
export class ClickDatabase implements Disposable {
  readonly folder = new TestFolder();
  readonly file = this.folder.file('clicks.db');
  readonly connection: Connection;

  constructor(journalMode: JournalMode = 'delete') {
    migrateUp({ file: this.file, migrationsDir: clicksMigrations, journalMode, node: 'test' });
    this.connection = new Connection(new Database(this.file));
    this.connection.database.pragma('synchronous = OFF');
  }

  /** Runs `work` as one transaction of the writer. */
  run<T>(work: (store: ClickStore) => T): T {
    return this.connection.database
      .transaction(() => work(createClickStore(this.connection)))
      .immediate();
  }

  /** Counts clicks as a merge does: by every dimension, for their link and for all links. */
  add(...clicks: readonly SomeClicks[]): void {
    this.run((store) => {
      for (const click of clicks) addTo(store, click);
    });
  }

  /** One transaction of a fold, of however many days. */
  fold(
    beforeHour: number,
    maxRows = 5_000,
    maxDays = Number.POSITIVE_INFINITY,
  ): { readonly isDone: boolean } {
    return this.connection.database
      .transaction(() => foldClicks(this.connection, { beforeHour }, { maxRows, maxDays }))
      .immediate();
  }

  /** As many of them as it takes. */
  foldAll(beforeHour: number, maxRows?: number): void {
    while (!this.fold(beforeHour, maxRows).isDone);
  }

  rows<Row = Record<string, unknown>>(sql: string): Row[] {
    return this.connection.database.prepare(sql).all() as Row[];
  }

  [Symbol.dispose](): void {
    this.connection[Symbol.dispose]();
    this.folder[Symbol.dispose]();
  }
}

function addTo(store: ClickStore, { linkId, hour, values = {}, ...given }: SomeClicks): void {
  const counts = toCounts(given);
  for (const counted of [linkId, allLinksId]) {
    store.addRollup({ dimension: 'all', hour, linkId: counted, value: '' }, counts);
    for (const dimension of clickDimensions) {
      const value = values[dimension] ?? '';
      store.addRollup({ dimension, hour, linkId: counted, value }, counts);
    }
    store.addTotal(counted, counts, 0);
  }
}

/** What is not given is none. */
export function toCounts({
  clicks = 0,
  bots = 0,
  visitors = 0,
}: Partial<ClickCounts>): ClickCounts {
  return { clicks, bots, visitors };
}
