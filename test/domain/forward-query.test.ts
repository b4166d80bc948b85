import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { maxDestinationLength } from '../../src/domain/destination.ts';
import { forwardQuery } from '../../src/domain/forward-query.ts';

describe('forwarding the query of a hit', () => {
  test.each([
    ['https://example.com/', '', 'https://example.com/'],
    ['https://example.com/', '?', 'https://example.com/'],
    ['https://example.com/', '?a=1', 'https://example.com/?a=1'],
    ['https://example.com/', 'a=1', 'https://example.com/?a=1'],
    ['https://example.com/?', '?a=1', 'https://example.com/?a=1'],
    ['https://example.com/?a=1', '?b=2', 'https://example.com/?a=1&b=2'],
    ['https://example.com/?a=1#top', '?b=2', 'https://example.com/?a=1&b=2#top'],
    ['https://example.com/#top', '?b=2', 'https://example.com/?b=2#top'],
    ['https://example.com/?a=1', '?a=2', 'https://example.com/?a=1'],
    ['https://example.com/?a=1', '?a=2&b=3', 'https://example.com/?a=1&b=3'],
    ['https://example.com/?a=1', '?a', 'https://example.com/?a=1'],
    ['https://example.com/?a', '?a=2', 'https://example.com/?a'],
    ['https://example.com/?=1', '?=2&b', 'https://example.com/?=1&b'],
    ['https://example.com/?a=1', '?%61=2', 'https://example.com/?a=1'],
    ['https://example.com/?%61=1', '?a=2', 'https://example.com/?%61=1'],
    ['https://example.com/?a%20b=1', '?a+b=2', 'https://example.com/?a%20b=1'],
    ['https://example.com/?%C3%BC=1', '?ü=2', 'https://example.com/?%C3%BC=1'],
    ['https://example.com/?a=1', '?a\t=2', 'https://example.com/?a=1'],
    ['https://example.com/?a=1', '?\na=2', 'https://example.com/?a=1'],
    ['https://example.com/?a=1', '?A=2', 'https://example.com/?a=1&A=2'],
    ['https://example.com/?a=1', '?b=1&b=2', 'https://example.com/?a=1&b=1&b=2'],
    ['https://example.com/?a=1', '?&&b=2&', 'https://example.com/?a=1&b=2'],
    ['https://example.com/?a=%20+x', '?b=%20+y', 'https://example.com/?a=%20+x&b=%20+y'],
    [
      'https://example.com/',
      '?u=https://evil.example/',
      'https://example.com/?u=https://evil.example/',
    ],
    ['https://example.com/', '?//evil.example', 'https://example.com/?//evil.example'],
    ['https://example.com/', '??a=1', 'https://example.com/??a=1'],
    ['https://example.com/', '?a=1#top', 'https://example.com/?a=1%23top'],
    ['https://example.com/', '?a="<>\' ', 'https://example.com/?a=%22%3C%3E%27%20'],
    ['https://example.com/', '?a=\r\nSet-Cookie: b', 'https://example.com/?a=Set-Cookie:%20b'],
    [
      'https://example.com/',
      '?__proto__=1&constructor=2',
      'https://example.com/?__proto__=1&constructor=2',
    ],
    ['https://example.com/', '?%E0%A4%A=1&%=2', 'https://example.com/?%E0%A4%A=1&%=2'],
  ])('%j with %j is %j', (destination, search, expected) => {
    expect(forwardQuery(destination, search)).toBe(expected);
  });

  test('appends nothing where the result would be too long', () => {
    const destination = 'https://example.com/?a=1';
    const room = maxDestinationLength - destination.length - '&b='.length;
    const fits = `?b=${'x'.repeat(room)}`;
    expect(forwardQuery(destination, fits)).toHaveLength(maxDestinationLength);
    expect(forwardQuery(destination, `${fits}x`)).toBe(destination);
  });

  const key = fc.constantFrom(
    'a',
    'A',
    'b',
    '%61',
    'a%20b',
    'a+b',
    'ü',
    '%',
    '',
    '?',
    'a\t',
    '\ud800',
  );
  const pair = fc.tuple(key, fc.string({ unit: 'binary', maxLength: 8 }));
  const query = fc.array(
    pair.map(([name, value]) => `${name}=${value}`),
    { maxLength: 6 },
  );
  const search = fc.oneof(
    fc.string({ unit: 'binary' }),
    query.map((pairs) => `?${pairs.join('&')}`),
  );
  const destination = fc
    .tuple(fc.webUrl({ withQueryParameters: true, withFragments: true }), query)
    .map(([url, pairs]) => {
      const parsed = new URL(url);
      if (pairs.length > 0) parsed.search = pairs.join('&');
      return parsed.href;
    });

  test('keeps scheme, host, path and fragment for every query', () => {
    fc.assert(
      fc.property(destination, search, (stored, hit) => {
        const forwarded = forwardQuery(stored, hit);
        const [before, after] = [new URL(stored), new URL(forwarded)];
        expect(after.href).toBe(forwarded);
        expect(after.origin + after.pathname + after.hash).toBe(
          before.origin + before.pathname + before.hash,
        );
        expect(forwarded).toMatch(/^[\x21-\x7e]*$/);
      }),
      { numRuns: 3_000, seed: 20_260_105 },
    );
  });

  test('leaves every key of the destination with the values it had', () => {
    fc.assert(
      fc.property(destination, search, (stored, hit) => {
        const before = new URL(stored).searchParams;
        const after = new URL(forwardQuery(stored, hit)).searchParams;
        for (const name of before.keys()) expect(after.getAll(name)).toEqual(before.getAll(name));
        expect([...after].slice(0, before.size)).toEqual([...before]);
      }),
      { numRuns: 3_000, seed: 20_260_106 },
    );
  });
});
