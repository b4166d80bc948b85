import { afterAll } from 'vitest';
import { createApiKeyWriteStore } from '../../src/storage/api-key-write-store.ts';
import { Connection } from '../../src/storage/connection.ts';
import { createIdempotencyStore } from '../../src/storage/idempotency-store.ts';
import { createLinkWriteStore } from '../../src/storage/link-write-store.ts';
import { openWritable } from '../../src/storage/open-writable.ts';
import { linkWriteStoreSuite } from '../support/link-write-store-suite.ts';
import { DatabaseTemplate, TestFolder } from '../support/test-database.ts';

const template = new DatabaseTemplate();
afterAll(() => template[Symbol.dispose]());

linkWriteStoreSuite('of SQLite', () => {
  const folder = new TestFolder();
  template.copyTo(folder.file());
  const connection = new Connection(openWritable({ file: folder.file(), journalMode: 'wal' }));
  const stores = {
    links: createLinkWriteStore(connection),
    idempotency: createIdempotencyStore(connection),
    keys: createApiKeyWriteStore(connection),
  };
  return {
    run: (work) => connection.database.transaction(() => work(stores)).immediate(),
    close() {
      connection[Symbol.dispose]();
      folder[Symbol.dispose]();
    },
  };
});
