import { clickStoreSuite } from '../support/click-store-suite.ts';
import { MemoryClickStore } from '../support/memory-click-store.ts';

clickStoreSuite('in memory', () => {
  const store = new MemoryClickStore();
  return {
    run(work) {
      store.begin();
      try {
        const result = work(store);
        store.commit();
        return result;
      } catch (error) {
        store.rollBack();
        throw error;
      }
    },
    close: () => undefined,
  };
});
