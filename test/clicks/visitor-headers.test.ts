import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createHeaderPicker } from '../../src/clicks/facts/visitor-headers.ts';

const pick = createHeaderPicker('x-forwarded-for');
const nothing = {
  userAgent: '',
  referrer: '',
  trusted: undefined,
  isPrefetch: false,
  wantsPrivacy: false,
};

describe('the headers of a click', () => {
  it('are nothing when there are none', () => {
    expect(pick([])).toEqual(nothing);
    expect(pick(['Host', 'go.example.com'])).toEqual(nothing);
  });

  it.each([
    ['User-Agent', 'curl/8.5.0', { userAgent: 'curl/8.5.0' }],
    ['Referer', 'https://example.com/', { referrer: 'https://example.com/' }],
    ['X-Forwarded-For', '192.0.2.1', { trusted: '192.0.2.1' }],
    ['DNT', '1', { wantsPrivacy: true }],
    ['DNT', '0', {}],
    ['DNT', '', {}],
    ['Sec-GPC', '1', { wantsPrivacy: true }],
    ['Sec-GPC', '0', {}],
    ['Sec-Purpose', 'prefetch', { isPrefetch: true }],
    ['Sec-Purpose', 'prefetch;prerender', { isPrefetch: true }],
    ['Sec-Purpose', 'prefetch;anonymous-client-ip', { isPrefetch: true }],
    ['Sec-Purpose', 'prerender', { isPrefetch: true }],
    ['Sec-Purpose', 'something-else', {}],
    ['Sec-Purpose', 'prefetched', {}],
    ['Purpose', 'prefetch', { isPrefetch: true }],
    ['Purpose', 'preview', { isPrefetch: true }],
    ['X-Purpose', 'preview', { isPrefetch: true }],
    ['X-Purpose', ' Prefetch ', { isPrefetch: true }],
    ['X-Moz', 'prefetch', { isPrefetch: true }],
    ['X-Moz', '', {}],
    ['Fly-Client-IP', '192.0.2.1', {}],
    ['X-Real-IP', '192.0.2.1', {}],
    ['Forwarded', 'for=192.0.2.1', {}],
    ['Refresh', '1', {}],
    ['Sec-Foo', '1', {}],
    ['Sec-Fetch-X', 'prefetch', {}],
    ['XNT', '1', {}],
    ['Ser-Agent1', 'x', {}],
  ])('%s: %s is %o in any spelling', (name, value, expected) => {
    for (const spelling of [name, name.toLowerCase(), name.toUpperCase()]) {
      expect(pick(['Host', 'x', spelling, value, 'Accept', '*/*'])).toEqual({
        ...nothing,
        ...expected,
      });
    }
  });

  it('are the first of several lines where Node keeps the first', () => {
    const headers = pick(['User-Agent', 'a', 'user-agent', 'b', 'Referer', 'c', 'referer', 'd']);
    expect(headers).toMatchObject({ userAgent: 'a', referrer: 'c' });
  });

  it('are all lines in order where an address is trusted', () => {
    const lines = [
      'X-Forwarded-For',
      '6.6.6.6',
      'Host',
      'x',
      'x-forwarded-for',
      '7.7.7.7, 8.8.8.8',
    ];
    expect(pick(lines).trusted).toBe('6.6.6.6, 7.7.7.7, 8.8.8.8');
  });

  it('hold a wish that stands in any of several lines', () => {
    expect(pick(['DNT', '0', 'DNT', '1']).wantsPrivacy).toBe(true);
    expect(pick(['Sec-Purpose', 'prefetch', 'Sec-Purpose', 'x']).isPrefetch).toBe(true);
  });

  it('hold no address when none is trusted', () => {
    const headers = createHeaderPicker(undefined)(['X-Forwarded-For', '1.1.1.1', '', 'x']);
    expect(headers).toEqual(nothing);
  });

  it('do not depend on what else there is, or on the request before', () => {
    const other = fc.string({ unit: fc.constantFrom('x', 'd', 's', 'r', 'p', 'u', '-', 'e', 'f') });
    fc.assert(
      fc.property(fc.array(fc.tuple(other, fc.string())), fc.nat(), (others, at) => {
        const lines = [...others];
        lines.splice(at % (lines.length + 1), 0, ['User-Agent', 'agent'], ['DNT', '1']);
        expect(pick(lines.flat())).toEqual({ ...nothing, userAgent: 'agent', wantsPrivacy: true });
        expect(pick(others.flat())).toEqual(nothing);
      }),
    );
  });
});
