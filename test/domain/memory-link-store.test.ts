import { linkWriteStoreSuite } from '../support/link-write-store-suite.ts';
import { createMemoryStores } from '../support/memory-link-store.ts';

linkWriteStoreSuite('in memory', () => {
  const stores = createMemoryStores();
  return { run: (work) => work(stores), close: () => {} };
});
