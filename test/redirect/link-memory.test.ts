import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Link } from '../../src/domain/link.ts';
import { type CompiledLink, compileLink } from '../../src/redirect/compiled-link.ts';
import { LinkMemory } from '../../src/redirect/link-memory.ts';
import { recordBytes } from '../../src/redirect/link-slab.ts';
import { makeLink } from '../support/make-link.ts';

const policy = { ownHosts: ['go.example.com'], allowPrivate: false };

describe('the memory of links', () => {
  it('gives back what it was given', () => {
    const memory = new LinkMemory(1000);
    memory.set(linkOf('sale'));
    expect(memory.get('sale')).toEqual(linkOf('sale'));
    expect(memory.get('other')).toBeUndefined();
  });

  it.each<[string, Partial<Link>]>([
    ['a plain one', {}],
    ['one with another code', { redirectCode: 308 }],
    ['one with the largest id', { id: Number.MAX_SAFE_INTEGER }],
    ['one that forwards its query', { forwardQuery: true }],
    ['one that begins', { notBefore: Date.UTC(2026, 5) }],
    ['one that ends', { expiresAt: 1 }],
    ['one that begins at once and ends', { notBefore: 0, expiresAt: 8.64e15, forwardQuery: true }],
    ['one that was switched off', { disabled: true, expiresAt: 5 }],
    ['one that was taken down', { blocked: true }],
    ['one of another domain', { domainId: 12 }],
  ])('gives back every kind of link: %s', (_, settings) => {
    const memory = new LinkMemory(1_000_000);
    const link = linkOf('sale', settings);
    memory.set(link);
    for (let at = 0; at < 1000; at += 1) memory.set(linkOf(`other${at}`));
    expect(memory.get(link.key)).toEqual(link);
  });

  it('gives back links with destinations that may not be one, and long ones', () => {
    const memory = new LinkMemory(100_000);
    const refused = compileLink(makeLink({ destination: 'javascript:alert(1)' }), policy);
    const long = linkOf('long', {
      destination: `https://example.com/${'a'.repeat(8000)}` as never,
    });
    for (const link of [refused, long]) memory.set(link);
    for (const link of [refused, long]) expect(memory.get(link.key)).toEqual(link);
  });

  it('keeps one link a key, the last', () => {
    const memory = new LinkMemory(1000);
    memory.set(linkOf('sale', { redirectCode: 301 }));
    memory.set(linkOf('sale', { redirectCode: 307 }));
    expect(memory.get('sale')?.code).toBe(307);
    expect([memory.size, memory.bytes]).toEqual([1, recordBytes(linkOf('sale'))]);
  });

  it('keeps nothing that is larger than its bound, and then not the link before either', () => {
    const memory = new LinkMemory(100);
    memory.set(linkOf('sale'));
    expect(memory.size).toBe(1);
    memory.set(linkOf('sale', { destination: `https://example.com/${'a'.repeat(90)}` as never }));
    expect(memory.get('sale')).toBeUndefined();
    expect([memory.size, memory.bytes]).toEqual([0, 0]);
  });

  it.each([0, 1, 43])('keeps nothing with a bound of %i', (maxBytes) => {
    const memory = new LinkMemory(maxBytes);
    memory.set(linkOf('sale'));
    expect(memory.get('sale')).toBeUndefined();
    expect(memory.size).toBe(0);
  });

  it('is empty once it is cleared, and can be filled again', () => {
    const memory = new LinkMemory(1000);
    memory.set(linkOf('sale'));
    memory.get('sale');
    memory.clear();
    expect([memory.get('sale'), memory.size, memory.bytes]).toEqual([undefined, 0, 0]);
    memory.set(linkOf('sale'));
    expect(memory.get('sale')).toEqual(linkOf('sale'));
  });

  it('keeps what is asked for through a scan of everything else', () => {
    const memory = new LinkMemory(80_000);
    const used = Array.from({ length: 500 }, (_, at) => `used${at}`);
    for (const key of used) memory.set(linkOf(key));
    for (let at = 0; at < 20_000; at += 1) {
      memory.set(linkOf(`scanned${at}`));
      memory.get(used[at % used.length] as string);
    }
    const kept = used.filter((key) => memory.get(key) !== undefined);
    expect(kept.length).toBeGreaterThan(450);
  });

  it('drops something though everything in it is in use', () => {
    const memory = new LinkMemory(20_000);
    for (let at = 0; at < 5000; at += 1) {
      memory.set(linkOf(`link${at}`));
      memory.get(`link${at}`);
      memory.get(`link${at - 100}`);
    }
    expect(memory.get('link4999')).toBeDefined();
    expect(memory.bytes).toBeLessThanOrEqual(20_000);
  });

  it('fills its bound, however the keys look', () => {
    for (const toKey of [String, (at: number) => `a${at}`, (at: number) => `${at}-spring-sale`]) {
      const memory = new LinkMemory(1_000_000);
      for (let at = 0; at < 50_000; at += 1) memory.set(linkOf(toKey(at)));
      expect(memory.bytes).toBeGreaterThan(960_000);
      expect(memory.bytes).toBeLessThanOrEqual(1_000_000);
    }
  });

  it('takes memory only for what is in it', () => {
    const before = process.memoryUsage.rss();
    const memory = new LinkMemory(2 ** 30);
    memory.set(linkOf('sale'));
    expect(process.memoryUsage.rss() - before).toBeLessThan(2 ** 28);
    expect(memory.get('sale')).toEqual(linkOf('sale'));
  });

  it('answers like a map that forgets, and stays within its bound', () => {
    const keys = fc.integer({ min: 0, max: 40 }).map((at) => `key${at}`);
    const settings = fc.constantFrom<Partial<Link>>(
      {},
      { forwardQuery: true },
      { expiresAt: 5 },
      { disabled: true },
    );
    const steps = fc.oneof(
      {
        weight: 6,
        arbitrary: fc.record({ do: fc.constant('set'), key: keys, length: fc.nat(90), settings }),
      },
      { weight: 6, arbitrary: fc.record({ do: fc.constantFrom('get'), key: keys }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('delete'), key: keys }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('rarely clear'), key: keys }) },
    );
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2000 }),
        fc.array(steps, { maxLength: 300, size: 'max' }),
        (maxBytes, history) => {
          const memory = new LinkMemory(maxBytes);
          const model = new Map<string, CompiledLink>();
          for (const step of history) {
            if ('length' in step) {
              const destination = `https://example.com/${'a'.repeat(step.length)}`;
              const link = linkOf(step.key, {
                destination: destination as never,
                ...step.settings,
              });
              memory.set(link);
              model.set(step.key, link);
            } else if (step.do === 'delete') {
              memory.delete(step.key);
              model.delete(step.key);
            } else if (step.do === 'get') {
              const found = memory.get(step.key);
              if (found !== undefined) expect(found).toEqual(model.get(step.key));
            } else if (step.key === 'key0') {
              memory.clear();
              model.clear();
            }
            expect(memory.bytes).toBeLessThanOrEqual(maxBytes);
          }
          // One link more than its records may be there as an object.
          const kept = [...model.keys()].filter((key) => memory.get(key) !== undefined);
          expect([memory.size, memory.size + 1]).toContain(kept.length);
        },
      ),
      { numRuns: 800 },
    );
  });
});

function linkOf(key: string, settings: Partial<Link> = {}): CompiledLink {
  const destination = settings.destination ?? 'https://example.com/';
  return compileLink(makeLink({ ...settings, slug: key, destination }), policy);
}
