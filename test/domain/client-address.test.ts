import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clientAddress, type TrustProxy, trustedEntry } from '../../src/domain/client-address.ts';

const socket = '198.51.100.7';

describe('the address of a client', () => {
  it.each<[title: string, trust: TrustProxy, headers: Record<string, string>, expected: string]>([
    ['no trust, no headers', 'none', {}, socket],
    [
      'no trust, all headers',
      'none',
      { 'fly-client-ip': '1.1.1.1', 'x-forwarded-for': '2.2.2.2' },
      socket,
    ],
    ['Fly says', 'fly', { 'fly-client-ip': '1.1.1.1' }, '1.1.1.1'],
    ['Fly says IPv6', 'fly', { 'fly-client-ip': '2001:db8::1' }, '2001:db8::1'],
    ['Fly says nothing', 'fly', { 'x-forwarded-for': '2.2.2.2' }, socket],
    ['Fly header with two values', 'fly', { 'fly-client-ip': '1.1.1.1, 2.2.2.2' }, socket],
    ['Fly header that is a name', 'fly', { 'fly-client-ip': 'localhost' }, socket],
    ['Fly header with a port', 'fly', { 'fly-client-ip': '1.1.1.1:80' }, socket],
    ['one proxy', 1, { 'x-forwarded-for': '2.2.2.2' }, '2.2.2.2'],
    [
      'one proxy, and what the client wrote',
      1,
      { 'x-forwarded-for': '6.6.6.6, 2.2.2.2' },
      '2.2.2.2',
    ],
    ['two proxies', 2, { 'x-forwarded-for': '6.6.6.6, 2.2.2.2, 3.3.3.3' }, '2.2.2.2'],
    ['two proxies, but only one entry', 2, { 'x-forwarded-for': '6.6.6.6' }, socket],
    [
      'one proxy, three lines of the header, as Node joins them',
      1,
      { 'x-forwarded-for': '6.6.6.6, 7.7.7.7, 2.2.2.2' },
      '2.2.2.2',
    ],
    ['one proxy, no space', 1, { 'x-forwarded-for': '6.6.6.6,2.2.2.2' }, '2.2.2.2'],
    ['one proxy, IPv4 in IPv6', 1, { 'x-forwarded-for': '::ffff:2.2.2.2' }, '2.2.2.2'],
    ['one proxy that adds a port', 1, { 'x-forwarded-for': '2.2.2.2:4711' }, '2.2.2.2'],
    [
      'one proxy that adds a port to IPv6',
      1,
      { 'x-forwarded-for': '[2001:db8::1]:80' },
      '2001:db8::1',
    ],
    ['one proxy with IPv6 in brackets', 1, { 'x-forwarded-for': '[2001:db8::1]' }, '2001:db8::1'],
    ['one proxy, rubbish', 1, { 'x-forwarded-for': '2.2.2.2, unknown' }, socket],
    ['one proxy, an empty list', 1, { 'x-forwarded-for': '' }, socket],
    ['one proxy does not mean Fly', 1, { 'fly-client-ip': '1.1.1.1' }, socket],
    ['other headers', 'fly', { 'x-real-ip': '1.1.1.1', forwarded: 'for=1.1.1.1' }, socket],
  ])('%s', (_title, trust, headers, expected) => {
    expect(clientAddress(headers, socket, trust)).toBe(expected);
  });

  it('is the entry that the list has there, whatever the list is', () => {
    const parts = fc.array(fc.constantFrom('', ' ', '1.1.1.1', ' 2.2.2.2 ', 'x'), { maxLength: 5 });
    fc.assert(
      fc.property(parts, fc.integer({ min: 1, max: 6 }), (list, trust) => {
        const value = list.join(',');
        expect(trustedEntry(value, trust)).toBe(value.split(',').at(-trust)?.trim());
      }),
    );
  });

  it('is IPv4 when IPv6 only wraps it', () => {
    expect(clientAddress({}, '::ffff:192.0.2.1', 'none')).toBe('192.0.2.1');
  });

  it('is empty for a socket that is gone', () => {
    expect(clientAddress({}, undefined, 'none')).toBe('');
  });
});
