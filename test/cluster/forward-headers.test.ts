import { describe, expect, it } from 'vitest';
import { countHops, readClaims, toClaimHeaders } from '../../src/cluster/forward-claims.ts';
import { toAnswerHeaders, toForwardedHeaders } from '../../src/cluster/forward-headers.ts';

describe('the headers of a forwarded request', () => {
  it('are the client’s own', () => {
    const own = [
      'Host',
      'go.example.com',
      'Authorization',
      'Bearer x',
      'Cookie',
      'a',
      'Cookie',
      'b',
    ];
    expect(toForwardedHeaders(own)).toEqual(own);
  });

  it.each([
    'Connection',
    'Keep-Alive',
    'TE',
    'Trailer',
    'Transfer-Encoding',
    'Upgrade',
    'Proxy-Authorization',
    'Proxy-Connection',
    'HTTP2-Settings',
    'Expect',
    'Content-Length',
    'Forwarded',
    'X-Forwarded-For',
    'x-forwarded-host',
    'Fly-Client-IP',
    'fly-replay-src',
    'fly-replay',
    'Hoplite-Hops',
    'hoplite-signature',
  ])('do not include %s', (name) => {
    expect(toForwardedHeaders([name, 'x', 'Accept', '*/*'])).toEqual(['Accept', '*/*']);
  });

  it('do not include what Connection names', () => {
    const raw = ['Connection', 'close, X-Secret', 'X-Secret', '1', 'X-Other', '2'];
    expect(toForwardedHeaders(raw)).toEqual(['X-Other', '2']);
  });

  it('have what this node says in place of what the client said', () => {
    const raw = ['X-Request-Id', 'theirs', 'constructor', 'c'];
    expect(toForwardedHeaders(raw, { 'x-request-id': 'ours' })).toEqual([
      'constructor',
      'c',
      'x-request-id',
      'ours',
    ]);
  });
});

describe('the headers of a forwarded answer', () => {
  it('are the primary’s own', () => {
    const raw = ['Set-Cookie', 'a', 'Set-Cookie', 'b', 'Hoplite-Bookmark', 'x', 'ETag', '"1"'];
    expect(toAnswerHeaders(raw)).toEqual(raw);
  });

  it.each([
    'Connection',
    'Transfer-Encoding',
    'Fly-Replay',
    'fly-replay-cache',
    'Hoplite-Refused',
    'Hoplite-Time',
  ])('do not include %s', (name) => {
    expect(toAnswerHeaders([name, 'x', 'ETag', '"1"'])).toEqual(['ETag', '"1"']);
  });
});

describe('the claims of a forwarding node', () => {
  const claims = { caller: 'operator', clientAddress: '2001:db8::1', hops: 1 } as const;

  it('are read as they were written', () => {
    expect(readClaims(toClaimHeaders(claims))).toEqual(claims);
  });

  it.each(['hoplite-caller', 'hoplite-client-address', 'hoplite-hops'])(
    'are none without %s',
    (name) => {
      expect(readClaims({ ...toClaimHeaders(claims), [name]: undefined })).toBeUndefined();
    },
  );

  it('are none for a caller that does not exist', () => {
    expect(readClaims({ ...toClaimHeaders(claims), 'hoplite-caller': 'admin' })).toBeUndefined();
  });

  it.each([
    [undefined, 0],
    ['0', 0],
    ['1', 1],
    ['-1', 1],
    ['x', 1],
    ['9999', 1],
    [['0', '0'], 1],
  ])('count hops: %j is %d', (value, hops) => {
    expect(countHops({ 'hoplite-hops': value })).toBe(hops);
  });
});
