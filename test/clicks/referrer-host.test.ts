import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toOrigin, toReferrerHost } from '../../src/clicks/facts/referrer-host.ts';

const longName = `${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(61)}`;

describe('the host of a referrer', () => {
  it.each([
    ['https://www.google.com/', 'www.google.com'],
    ['http://example.com', 'example.com'],
    ['https://example.com?q=secret', 'example.com'],
    ['https://example.com/path/secret?q=secret#secret', 'example.com'],
    ['HTTPS://News.Example.COM/', 'news.example.com'],
    ['https://example.com:8443/', 'example.com'],
    ['https://user:secret@example.com/', 'example.com'],
    ['https://example.com./', 'example.com'],
    ['https://bücher.example/', 'xn--bcher-kva.example'],
    ['https://my_shop.example.com/', 'my_shop.example.com'],
    ['http://intranet/', 'intranet'],
    ['android-app://com.google.android.gm/', 'com.google.android.gm'],
    ['android-app://com.Slack', 'com.slack'],
    ['android-app://com.linkedin.android/https/www.linkedin.com', 'com.linkedin.android'],
    [`https://${longName}/`, longName],
  ])('%s is %s', (referrer, host) => {
    expect(toReferrerHost(referrer)).toBe(host);
    expect(toReferrerHost(toOrigin(referrer))).toBe(host);
  });

  it.each([
    '',
    'example.com',
    '/path',
    'about:blank',
    'about:client',
    'null',
    'ftp://example.com/',
    'file:///home/somebody/secret.html',
    'data:text/html,hello',
    'chrome-extension://abcdef/popup.html',
    'ios-app://com.example/',
    'javascript://example.com/%0aalert(1)',
    'http://',
    'https:///',
    'http://192.168.1.10/',
    'http://0x7f.1/',
    'http://2130706433/',
    'http://[2001:db8::1]/',
    'android-app://192.0.2.1/',
    'android-app://=cmd()/',
    'android-app://-x.example/',
    'https://-x.example/',
    'https://x-.example/',
    'https://a..b/',
    'https://<b>.example/',
    "https://a'b.example/",
    'https://a,b.example/',
    `https://${'a'.repeat(64)}.example/`,
    `https://a${longName}/`,
    `https://a.${longName}/`,
  ])('%s is none', (referrer) => {
    expect(toReferrerHost(referrer)).toBeNull();
    expect(toReferrerHost(toOrigin(referrer))).toBeNull();
  });

  it('is a name and nothing else, whatever the referrer', () => {
    const part = fc.constantFrom(
      'http',
      's',
      ':',
      '//',
      '/',
      '@',
      '.',
      '-',
      '=',
      '%41',
      'a',
      '1',
      'É',
      '[',
      '\\',
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
        const referrer = parts.join('');
        const host = toReferrerHost(`https://${referrer}`) ?? 'none';
        expect(host).toMatch(/^[a-z0-9_][a-z0-9_.-]*$/);
        expect(toReferrerHost(referrer) ?? 'none').toMatch(/^[a-z0-9_][a-z0-9_.-]*$/);
      }),
    );
  });
});
