import type { ClickStore } from '../domain/click-store.ts';
import type { Connection } from './connection.ts';
import { createOrphanStore } from './orphan-store.ts';
import { createProducerStore } from './producer-store.ts';
import { createRollupStore } from './rollup-store.ts';

/** Where a transaction of the writer on `clicks.db` counts; for that transaction only. */
export function createClickStore(connection: Connection): ClickStore {
  return {
    ...createRollupStore(connection),
    ...createProducerStore(connection),
    ...createOrphanStore(connection),
  };
}
