import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Failure } from '../../src/domain/failure.ts';
import type { Link } from '../../src/domain/link.ts';
import type { SlugKey } from '../../src/domain/slug.ts';
import { cacheKey, compileLink, judgeHit } from '../../src/redirect/compiled-link.ts';
import { makeLink } from '../support/make-link.ts';

const policy = { ownHosts: ['go.example.com'], allowPrivate: false };
const now = Date.UTC(2026, 5);

describe('a hit on a link', () => {
  it('goes to the destination with the code of the link', () => {
    expect(judge({ redirectCode: 308, destination: 'https://example.com/a?b#c' })).toBe(
      '308 https://example.com/a?b#c',
    );
  });

  it.each<[string, Parameters<typeof makeLink>[0], string]>([
    ['blocked', { blocked: true }, 'blocked'],
    ['blocked, though also disabled and expired', dead({ blocked: true }), 'blocked'],
    ['disabled', { disabled: true }, 'gone'],
    ['disabled, though it begins later', { disabled: true, notBefore: now + 1 }, 'gone'],
    ['expired this moment', { expiresAt: now }, 'gone'],
    ['not yet expired', { expiresAt: now + 1 }, '302 https://example.com/'],
    ['not yet begun', { notBefore: now + 1 }, 'not_found'],
    ['begun this moment', { notBefore: now }, '302 https://example.com/'],
    ['expired before it began', { notBefore: now + 1, expiresAt: now }, 'gone'],
  ])('that is %s', (_, link, answer) => {
    expect(judge(link)).toBe(answer);
  });

  it('is judged by the clock each time', () => {
    const link = compileLink(makeLink({ notBefore: now, expiresAt: now + 1000 }), policy);
    const answers = [now - 1, now, now + 999, now + 1000].map((at) =>
      toText(judgeHit(link, '/sale', at)),
    );
    const redirect = '302 https://example.com/';
    expect(answers).toEqual(['not_found', redirect, redirect, 'gone']);
  });

  it('takes its query along when the link says so, and only then', () => {
    const link = { destination: 'https://example.com/?a=1' };
    const target = '/sale/?b=2&a=3';
    expect(judge({ ...link, forwardQuery: true }, target)).toBe('302 https://example.com/?a=1&b=2');
    expect(judge({ ...link, forwardQuery: false }, target)).toBe('302 https://example.com/?a=1');
  });

  it('puts nothing but visible ASCII into a head, whatever its query', () => {
    const signs = fc.constantFrom('%0d%0a', '%', '\r\n', '\u00e9', ' ', '#', '&', '=', 'a', '\\');
    const queries = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(signs).map((all) => all.join('')),
    );
    const link = compileLink(makeLink({ forwardQuery: true }), policy);
    fc.assert(
      fc.property(queries, (query) => {
        const verdict = judgeHit(link, `/sale?${query}`, now);
        expect(verdict instanceof Failure ? '' : verdict.location).toMatch(
          /^https:\/\/example\.com\/(\?[\x21-\x7e]*)?$/,
        );
      }),
      { numRuns: 1000 },
    );
  });
});

describe('a stored destination', () => {
  it.each([
    'javascript:alert(1)',
    'data:text/html,x',
    'ftp://example.com/',
    'https://go.example.com/sale',
    'http://127.0.0.1/',
    'https://user:secret@example.com/',
    '',
    'example.com',
    '/relative',
    '//example.com/',
    // What is not in the form the URL parser gives has not come through the domain.
    'https://example.com',
    'https://example.com/\r\nSet-Cookie: a=b',
    'https://example.com/\n',
    'https://example.com/a b',
    'https://example.com/\u00e9',
    'https://example.com/\u010d\u010a',
    'https://example.com/\u560d\u560a',
    'https://example.com/\u0000',
    ' https://example.com/',
  ])('that may not be one is refused: %j', (destination) => {
    expect(judge({ destination })).toBe('blocked');
    expect(judge({ destination, forwardQuery: true, expiresAt: now + 1 })).toBe('blocked');
    expect(judge({ destination, disabled: true })).toBe('gone');
  });

  it('goes into a head only as visible ASCII', () => {
    const texts = fc.oneof(
      fc.webUrl({ withFragments: true, withQueryParameters: true }),
      fc.string({ unit: 'binary' }).map((text) => `https://example.com/${text}`),
      fc
        .string({ unit: 'binary' })
        .map((text) => URL.parse(`https://example.com/?${text}`)?.href ?? ''),
      fc.string({ unit: 'grapheme' }).map((text) => URL.parse(`https://${text}/`)?.href ?? ''),
    );
    fc.assert(
      fc.property(texts, (destination) => {
        expect(judge({ destination })).toMatch(/^(blocked|302 https?:\/\/[\x21-\x7e]+)$/);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('the key of a link in memory', () => {
  it('tells domains apart', () => {
    const keys = [1, 2, 12].map((domainId) => cacheKey({ domainId, slugKey: 'sale' as SlugKey }));
    expect(new Set(keys).size).toBe(3);
  });
});

function judge(link: Parameters<typeof makeLink>[0], target = '/sale'): string {
  return toText(judgeHit(compileLink(makeLink(link), policy), target, now));
}

function toText(verdict: ReturnType<typeof judgeHit>): string {
  return verdict instanceof Failure ? verdict.kind : `${verdict.code} ${verdict.location}`;
}

function dead(link: Partial<Link>) {
  return {
    disabled: true,
    expiresAt: now - 1,
    ...link,
    slug: 'sale',
    destination: 'https://a.example/',
  };
}
