import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ApiKeyWriteStore } from '../../src/domain/api-key.ts';
import { defaultDomainId } from '../../src/domain/domain-name.ts';
import type { IdempotencyRecord, IdempotencyStore } from '../../src/domain/idempotency.ts';
import { type Link, redirectCodes } from '../../src/domain/link.ts';
import type { LinkWriteStore } from '../../src/domain/link-store.ts';
import type { SlugKey } from '../../src/domain/slug.ts';
import { makeLink } from './make-link.ts';

/** The stores of one writer, as they are within a transaction. */
export interface WriteStores {
  readonly links: LinkWriteStore;
  readonly idempotency: IdempotencyStore;
  readonly keys: ApiKeyWriteStore;
}

/** One empty database with the default domain, which compares slugs without case. */
export interface OpenWriteStores {
  /** Runs `work` as one transaction of the writer. */
  run<T>(work: (stores: WriteStores) => T): T;
  close(): void | Promise<void>;
}

/** What every implementation of the writer's stores holds, by name of the implementation. */
export function linkWriteStoreSuite(
  name: string,
  open: () => OpenWriteStores | Promise<OpenWriteStores>,
): void {
  describe(`the write stores ${name}`, () => {
    let stores: OpenWriteStores;
    beforeEach(async () => {
      stores = await open();
    });
    afterEach(() => stores.close());

    const insert = (...links: readonly Link[]) =>
      stores.run((tx) => links.map((link) => tx.links.insertLink(link)));

    test('give a link back as it was inserted, by slug and by id', () => {
      const link = makeLink({
        id: 7_000_000_000_000_123,
        slug: 'Summer-Sale',
        destination: 'https://example.com/%E2%82%AC?a=1#top',
        title: 'Sommer 🌞 "quoted" \' %_\\',
        redirectCode: 308,
        forwardQuery: true,
        notBefore: 0,
        expiresAt: 253_402_300_799_999,
        disabled: true,
        blocked: true,
        version: 3,
        createdAt: 1_767_225_600_001,
        updatedAt: 1_767_225_600_002,
      });
      expect(insert(link)).toEqual([true]);
      expect(stores.run((tx) => tx.links.findLink(link.domainId, link.slugKey))).toEqual(link);
      expect(stores.run((tx) => tx.links.findLinkById(link.id))).toEqual(link);
    });

    test('give a plain link back with its nulls', () => {
      insert(makeLink());
      expect(stores.run((tx) => tx.links.findLinkById(1))).toEqual(makeLink());
    });

    test('find a link within the transaction that inserts it', () => {
      const found = stores.run((tx) => {
        tx.links.insertLink(makeLink());
        return tx.links.findLink(defaultDomainId, 'sale' as SlugKey);
      });
      expect(found).toEqual(makeLink());
    });

    test('find nothing where nothing is', () => {
      insert(makeLink());
      stores.run(({ links, idempotency, keys }) => {
        expect(links.findLink(defaultDomainId, 'other' as SlugKey)).toBeUndefined();
        expect(links.findLink(defaultDomainId + 1, 'sale' as SlugKey)).toBeUndefined();
        expect(links.findLinkById(2)).toBeUndefined();
        expect(idempotency.findRecord('open', 'k')).toBeUndefined();
        expect(keys.findKeyById(1)).toBeUndefined();
      });
    });

    test('refuse a taken slug and change nothing', () => {
      insert(makeLink({ slug: 'Sale' }));
      expect(insert(makeLink({ id: 2, slug: 'SALE', title: 'second' }))).toEqual([false]);
      stores.run(({ links }) => {
        expect(links.findLink(defaultDomainId, 'sale' as SlugKey)?.id).toBe(1);
        expect(links.findLinkById(2)).toBeUndefined();
        expect(links.lastLinkId()).toBe(1);
      });
    });

    test('go on after a taken slug within one transaction', () => {
      expect(insert(makeLink(), makeLink({ id: 2 }), makeLink({ id: 3, slug: 'free' }))).toEqual([
        true,
        false,
        true,
      ]);
    });

    test.each(redirectCodes)('keep the redirect code %d', (redirectCode) => {
      insert(makeLink({ redirectCode }));
      expect(stores.run((tx) => tx.links.findLinkById(1))?.redirectCode).toBe(redirectCode);
    });

    test('replace every field that an update may change', () => {
      insert(makeLink(), makeLink({ id: 2, slug: 'bystander' }));
      const updated = makeLink({
        destination: 'https://example.org/new',
        title: 'new',
        redirectCode: 301,
        forwardQuery: true,
        notBefore: 1,
        expiresAt: 2,
        disabled: true,
        blocked: true,
        version: 2,
        updatedAt: Date.UTC(2026, 1),
      });
      stores.run((tx) => tx.links.updateLink(updated));
      expect(stores.run((tx) => tx.links.findLinkById(1))).toEqual(updated);
      expect(stores.run((tx) => tx.links.findLinkById(2))?.title).toBeNull();
      stores.run((tx) => tx.links.updateLink(makeLink({ version: 3 })));
      expect(stores.run((tx) => tx.links.findLinkById(1))).toEqual(makeLink({ version: 3 }));
    });

    test('free the slug of a deleted link', () => {
      insert(makeLink(), makeLink({ id: 2, slug: 'bystander' }));
      stores.run((tx) => tx.links.deleteLink(makeLink()));
      stores.run(({ links }) => {
        expect(links.findLink(defaultDomainId, 'sale' as SlugKey)).toBeUndefined();
        expect(links.findLinkById(1)).toBeUndefined();
        expect(links.findLinkById(2)).toBeDefined();
      });
      expect(insert(makeLink({ id: 3 }))).toEqual([true]);
    });

    test('know the highest id ever, also when that link is deleted', () => {
      expect(stores.run((tx) => tx.links.lastLinkId())).toBe(0);
      insert(makeLink({ id: 40 }), makeLink({ id: 12, slug: 'older' }));
      expect(stores.run((tx) => tx.links.lastLinkId())).toBe(40);
      stores.run((tx) => tx.links.deleteLink(makeLink({ id: 40 })));
      expect(stores.run((tx) => tx.links.lastLinkId())).toBe(40);
      stores.run((tx) => {
        tx.links.insertLink(makeLink({ id: 41 }));
        tx.links.deleteLink(makeLink({ id: 41 }));
        expect(tx.links.lastLinkId()).toBe(41);
      });
    });

    test('count links at least as many as there are', () => {
      expect(stores.run((tx) => tx.links.countLinks(defaultDomainId))).toBe(0);
      insert(makeLink(), makeLink({ id: 2, slug: 'b' }), makeLink({ id: 3, slug: 'c' }));
      expect(stores.run((tx) => tx.links.countLinks(defaultDomainId))).toBe(3);
      stores.run((tx) => tx.links.deleteLink(makeLink()));
      const count = stores.run((tx) => tx.links.countLinks(defaultDomainId));
      expect(count).toBeGreaterThanOrEqual(2);
      expect(count).toBeLessThanOrEqual(3);
    });

    test('know the default domain and fail for an unknown one', () => {
      expect(stores.run((tx) => tx.links.getDomain(defaultDomainId))).toMatchObject({
        id: defaultDomainId,
        slugCase: 'insensitive',
      });
      expect(() => stores.run((tx) => tx.links.getDomain(99))).toThrow(
        expect.objectContaining({ name: 'Failure', kind: 'not_found' }),
      );
    });

    const record = (given: Partial<IdempotencyRecord> = {}): IdempotencyRecord => ({
      scope: 'open',
      key: 'k1',
      requestHash: 'a'.repeat(64),
      linkId: 1,
      createdAt: 1_000,
      ...given,
    });

    test('keep records apart by scope and key, and replace one of the same', () => {
      insert(makeLink());
      stores.run(({ idempotency }) => {
        idempotency.putRecord(record());
        idempotency.putRecord(record({ scope: 'admin', createdAt: 2_000 }));
        idempotency.putRecord(record({ key: 'K1', createdAt: 3_000 }));
        idempotency.putRecord(record({ requestHash: 'b'.repeat(64), createdAt: 4_000 }));
      });
      stores.run(({ idempotency }) => {
        expect(idempotency.findRecord('open', 'k1')).toEqual(
          record({ requestHash: 'b'.repeat(64), createdAt: 4_000 }),
        );
        expect(idempotency.findRecord('admin', 'k1')?.createdAt).toBe(2_000);
        expect(idempotency.findRecord('open', 'K1')?.createdAt).toBe(3_000);
        expect(idempotency.findRecord('admin', 'K1')).toBeUndefined();
      });
    });

    test('import a link unless its slug is taken, and then tell by which', () => {
      const link = makeLink();
      expect(stores.run((tx) => tx.links.importLink(link))).toBeUndefined();
      const other = { ...link, id: link.id + 1, destination: 'https://example.com/other' };
      expect(stores.run((tx) => tx.links.importLink(other as typeof link))).toEqual(link);
      expect(stores.run((tx) => tx.links.findLinkById(other.id))).toBeUndefined();
      expect(stores.run((tx) => tx.links.countLinks(link.domainId))).toBe(1);
    });

    test('keep a record whose link is deleted', () => {
      insert(makeLink());
      stores.run((tx) => tx.idempotency.putRecord(record()));
      stores.run((tx) => tx.links.deleteLink(makeLink()));
      expect(stores.run((tx) => tx.idempotency.findRecord('open', 'k1'))).toEqual(record());
    });

    test('delete records before a time, at most so many at once', () => {
      const keys = ['a', 'b', 'c', 'd', 'e'];
      insert(makeLink());
      stores.run(({ idempotency }) => {
        for (const [index, key] of keys.entries()) {
          idempotency.putRecord(record({ key, createdAt: (index + 1) * 1_000 }));
        }
      });
      const left = () =>
        stores.run((tx) => keys.filter((key) => tx.idempotency.findRecord('open', key)));
      stores.run((tx) => tx.idempotency.deleteRecords(4_000, 2));
      expect(left()).toHaveLength(3);
      stores.run((tx) => tx.idempotency.deleteRecords(4_000, 2));
      expect(left()).toEqual(['d', 'e']);
      stores.run((tx) => tx.idempotency.deleteRecords(4_000, 2));
      expect(left()).toEqual(['d', 'e']);
    });

    const newKey = (prefix: string) => ({
      name: 'Build server "ü"',
      prefix,
      secretHash: 'c'.repeat(64),
      createdAt: 1_000,
      revokedAt: null,
    });

    test('give a key an id of its own and keep it', () => {
      const [first, second] = stores.run(({ keys }) => [
        keys.insertKey(newKey('AAAAAAAAAA')),
        keys.insertKey(newKey('aaaaaaaaaa')),
      ]);
      expect(first).toEqual({ ...newKey('AAAAAAAAAA'), id: first?.id });
      expect(second?.id).not.toBe(first?.id);
      expect(stores.run((tx) => tx.keys.findKeyById(second?.id ?? 0))).toEqual(second);
    });

    test('keep when a key was revoked', () => {
      const key = stores.run((tx) => tx.keys.insertKey(newKey('AAAAAAAAAA')));
      stores.run((tx) => tx.keys.updateKey({ ...key, revokedAt: 5_000 }));
      expect(stores.run((tx) => tx.keys.findKeyById(key.id))).toEqual({ ...key, revokedAt: 5_000 });
    });

    test('refuse a key whose prefix is taken', () => {
      stores.run((tx) => tx.keys.insertKey(newKey('AAAAAAAAAA')));
      expect(() => stores.run((tx) => tx.keys.insertKey(newKey('AAAAAAAAAA')))).toThrow(
        expect.objectContaining({ name: 'Failure', kind: 'conflict' }),
      );
    });
  });
}
