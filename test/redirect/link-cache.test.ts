import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CacheEntry, LinkCache } from '../../src/redirect/link-cache.ts';

describe('the memory of links', () => {
  it('gives back what it was given', () => {
    const cache = new LinkCache<CacheEntry>(100);
    const entry = entryOf('sale');
    cache.set(entry);
    expect(cache.get('sale')).toBe(entry);
    expect(cache.get('other')).toBeUndefined();
  });

  it('keeps one entry a key, the last', () => {
    const cache = new LinkCache<CacheEntry>(100);
    cache.set(entryOf('sale', 60));
    const last = entryOf('sale', 70);
    cache.set(last);
    expect(cache.get('sale')).toBe(last);
    expect([cache.size, cache.bytes]).toEqual([1, 70]);
  });

  it('keeps nothing that is larger than its bound, and then not the entry before either', () => {
    const cache = new LinkCache<CacheEntry>(100);
    cache.set(entryOf('sale', 60));
    cache.set(entryOf('sale', 101));
    expect(cache.get('sale')).toBeUndefined();
    expect([cache.size, cache.bytes]).toEqual([0, 0]);
  });

  it('keeps nothing with a bound of 0', () => {
    const cache = new LinkCache<CacheEntry>(0);
    cache.set(entryOf('sale'));
    expect(cache.size).toBe(0);
  });

  it('is empty once it is cleared, and can be filled again', () => {
    const cache = new LinkCache<CacheEntry>(100);
    cache.set(entryOf('sale', 60));
    cache.clear();
    expect([cache.get('sale'), cache.size, cache.bytes]).toEqual([undefined, 0, 0]);
    cache.set(entryOf('sale', 60));
    expect(cache.bytes).toBe(60);
  });

  it('keeps what is asked for through a scan of everything else', () => {
    const cache = new LinkCache<CacheEntry>(1000);
    const used = Array.from({ length: 500 }, (_, at) => `used${at}`);
    for (const key of used) cache.set(entryOf(key));
    for (let at = 0; at < 20_000; at += 1) {
      cache.set(entryOf(`scanned${at}`));
      cache.get(used[at % used.length] as string);
    }
    const kept = used.filter((key) => cache.get(key) !== undefined);
    expect(kept.length).toBeGreaterThan(450);
  });

  it('fills its bound, however the keys look', () => {
    for (const toKey of [String, (at: number) => `a${at}`, (at: number) => `${at}-spring-sale`]) {
      const cache = new LinkCache<CacheEntry>(10_000);
      for (let at = 0; at < 50_000; at += 1) cache.set(entryOf(toKey(at), 10));
      expect(cache.bytes).toBe(10_000);
    }
  });

  it('answers like a map that forgets, and stays within its bound', () => {
    const keys = fc.integer({ min: 0, max: 40 }).map((at) => `key${at}`);
    const steps = fc.oneof(
      { weight: 5, arbitrary: fc.record({ do: fc.constant('set'), key: keys, bytes: fc.nat(60) }) },
      { weight: 5, arbitrary: fc.record({ do: fc.constant('get'), key: keys, bytes: fc.nat(0) }) },
      {
        weight: 2,
        arbitrary: fc.record({ do: fc.constant('delete'), key: keys, bytes: fc.nat(0) }),
      },
      {
        weight: 1,
        arbitrary: fc.record({ do: fc.constant('clear'), key: keys, bytes: fc.nat(0) }),
      },
    );
    fc.assert(
      fc.property(fc.nat(300), fc.array(steps, { maxLength: 200 }), (maxBytes, history) => {
        const cache = new LinkCache<CacheEntry>(maxBytes);
        const model = new Map<string, CacheEntry>();
        for (const { do: action, key, bytes } of history) {
          if (action === 'set') {
            const entry = entryOf(key, bytes);
            cache.set(entry);
            model.set(key, entry);
          } else if (action === 'delete') {
            cache.delete(key);
            model.delete(key);
          } else if (action === 'clear') {
            cache.clear();
            model.clear();
          } else {
            const found = cache.get(key);
            if (found !== undefined) expect(found).toBe(model.get(key));
          }
          expect(cache.bytes).toBeLessThanOrEqual(maxBytes);
        }
        const kept = [...model.values()].filter((entry) => cache.get(entry.key) === entry);
        expect(cache.size).toBe(kept.length);
        expect(cache.bytes).toBe(kept.reduce((sum, { bytes }) => sum + bytes, 0));
      }),
      { numRuns: 500 },
    );
  });
});

function entryOf(key: string, bytes = 1): CacheEntry {
  return { key, bytes, used: false };
}
