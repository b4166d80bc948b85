import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findQuery, findSlug } from '../../src/redirect/find-slug.ts';

describe('the slug of a request target', () => {
  it.each([
    ['/sale', 'sale'],
    ['/sale/', 'sale'],
    ['/sale?a=1', 'sale'],
    ['/sale/?a=1', 'sale'],
    ['/sale?', 'sale'],
    ['/sale?next=/a/b', 'sale'],
    ['/sale?%', 'sale'],
    ['/SaLe', 'SaLe'],
    ['/4', '4'],
    ['/a-b_c', 'a-b_c'],
    [`/${'a'.repeat(64)}`, 'a'.repeat(64)],
    // One decode: a percent-encoded spelling is the same link.
    ['/%73ale', 'sale'],
    ['/%73%61%6c%65/', 'sale'],
    ['/s%61le?a=%62', 'sale'],
    // Absolute form, RFC 9112 section 3.2.2. The host decides nothing.
    ['http://go.example.com/sale', 'sale'],
    ['HTTPS://other.example:81/sale/?a', 'sale'],
    ['http://user@[::1]:80/sale', 'sale'],
  ])('%s is %s', (target, slug) => {
    expect(findSlug(target)).toBe(slug);
  });

  it.each([
    '',
    '*',
    '/',
    '//',
    '/?a',
    '/sale//',
    '/x/y',
    '/x/y/',
    '/sale+',
    '/sale+/',
    '/sale%2B',
    '/sale%2b',
    '/sale%2F',
    '/sale%2Fx',
    '/sale%3Fx',
    '/sale%20',
    '/sale%0d%0aLocation:x',
    '/sale%00',
    '/robots.txt',
    '/robots%2Etxt',
    '/favicon.ico',
    '/openapi.json',
    '/.well-known',
    '/.well-known/security.txt',
    '/%2e',
    '/%2e%2e',
    '/%2e%2e/',
    '/..',
    '/../sale',
    '//host',
    '//host/sale',
    '/\\host',
    '/%5chost',
    '/%2fhost',
    '\\sale',
    '/%',
    '/%7',
    '/%zz',
    '/%ff',
    '/%c0%af',
    '/%e2%84%aaelvin',
    '/caf%C3%A9',
    '/caf\u00c3\u00a9',
    '/sale#a',
    '/sale;a=1',
    '/sale&a',
    '/sa le',
    // Decoding twice would make `/sale` of it.
    '/%2573ale',
    '/_sale',
    '/-sale',
    `/${'a'.repeat(65)}`,
    `/${'%61'.repeat(65)}`,
    '/api',
    '/API',
    '/%61pi',
    '/healthz',
    '/session/',
    'sale',
    'ftp://go.example.com/sale',
    'http://go.example.com',
    'http://go.example.com?/sale',
    'http:///',
    'http:/sale',
    'go.example.com:443',
  ])('%s names none', (target) => {
    expect(findSlug(target)).toBeUndefined();
  });

  it('is found in every percent-encoded spelling', () => {
    const slugs = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_-]{7,63}$/);
    fc.assert(
      fc.property(slugs, fc.infiniteStream(fc.boolean()), (slug, encodes) => {
        const spelled = [...slug].map((sign) =>
          encodes.next().value ? `%${sign.charCodeAt(0).toString(16)}` : sign,
        );
        expect(findSlug(`/${spelled.join('')}`)).toBe(findSlug(`/${slug}`));
      }),
    );
  });

  it('follows the grammar, whatever the target', () => {
    const signs = fc.constantFrom(...'/?#%+.:\\*aZ0_-', '%2f', '%61', '\u00ff', 'http://');
    const targets = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(signs).map((all) => all.join('')),
      fc.webUrl({ withQueryParameters: true }),
    );
    fc.assert(
      fc.property(targets, (target) => {
        expect(findSlug(target) ?? 'none').toMatch(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('the query of a request target', () => {
  it.each([
    ['/sale', ''],
    ['/sale?', '?'],
    ['/sale/?a=1&b=%20', '?a=1&b=%20'],
    ['/sale?a?b', '?a?b'],
    ['http://go.example.com/sale?a', '?a'],
  ])('of %s is "%s"', (target, query) => {
    expect(findQuery(target)).toBe(query);
  });
});
