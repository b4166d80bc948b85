import type { ApiKey, ApiKeyWriteStore } from '../../src/domain/api-key.ts';
import type { Domain } from '../../src/domain/domain-name.ts';
import { defaultDomainId } from '../../src/domain/domain-name.ts';
import { Failure } from '../../src/domain/failure.ts';
import type { IdempotencyRecord, IdempotencyStore } from '../../src/domain/idempotency.ts';
import type { Link } from '../../src/domain/link.ts';
import type { LinkWriteStore } from '../../src/domain/link-store.ts';

/** The writer's stores in memory: what the use cases need, without a database. */
export interface MemoryStores {
  readonly links: LinkWriteStore;
  readonly idempotency: IdempotencyStore;
  readonly keys: ApiKeyWriteStore;
  /** All records of idempotency, oldest first. */
  records(): IdempotencyRecord[];
}

/** Empty stores with the given domains; by default the default domain, which compares slugs without case. */
export function createMemoryStores(
  domains: readonly Domain[] = [
    { id: defaultDomainId, host: 'go.example.com', slugCase: 'insensitive' },
  ],
): MemoryStores {
  const links = new Map<number, Link>();
  const records = new Map<string, IdempotencyRecord>();
  const keys = new Map<number, ApiKey>();
  let lastLinkId = 0;

  const find = (domainId: number, slugKey: string) =>
    links.values().find((link) => link.domainId === domainId && link.slugKey === slugKey);
  const recordKey = (scope: string, key: string) => JSON.stringify([scope, key]);

  return {
    links: {
      findLink: find,
      findLinkById: (id) => links.get(id),
      lastLinkId: () => lastLinkId,
      countLinks: (domainId) =>
        links.values().reduce((count, link) => count + (link.domainId === domainId ? 1 : 0), 0),
      getDomain(id) {
        const domain = domains.find((each) => each.id === id);
        if (domain === undefined) throw new Failure('not_found', 'There is no such domain.');
        return domain;
      },
      insertLink(link) {
        if (links.has(link.id)) throw new Error(`link ${link.id} is there already`);
        if (find(link.domainId, link.slugKey) !== undefined) return false;
        links.set(link.id, link);
        lastLinkId = Math.max(lastLinkId, link.id);
        return true;
      },
      importLink(link) {
        const there = find(link.domainId, link.slugKey);
        if (there !== undefined) return there;
        links.set(link.id, link);
        lastLinkId = Math.max(lastLinkId, link.id);
        return undefined;
      },
      updateLink(link) {
        links.set(link.id, link);
      },
      deleteLink(link) {
        links.delete(link.id);
      },
    },
    idempotency: {
      findRecord: (scope, key) => records.get(recordKey(scope, key)),
      putRecord(record) {
        records.set(recordKey(record.scope, record.key), record);
      },
      deleteRecords(before, limit) {
        const old = records.entries().filter(([, { createdAt }]) => createdAt < before);
        for (const [key] of old.take(limit).toArray()) records.delete(key);
      },
    },
    keys: {
      findKeyById: (id) => keys.get(id),
      insertKey(key) {
        if (keys.values().some(({ prefix }) => prefix === key.prefix)) {
          throw new Failure('conflict', 'The prefix is taken.');
        }
        const stored = { id: keys.size + 1, ...key };
        keys.set(stored.id, stored);
        return stored;
      },
      updateKey(key) {
        keys.set(key.id, key);
      },
    },
    records: () => [...records.values()].sort((a, b) => a.createdAt - b.createdAt),
  };
}
