import { describe, expect, it } from 'vitest';
import { inboundHeaders } from '../../scripts/edge/inbound-headers.ts';
import { defaultKnobs, type Knobs } from '../../scripts/edge/knobs.ts';
import { headerValue, type RawHeaders } from '../../scripts/edge/raw-headers.ts';

const arrival = {
  region: 'ams',
  clientAddress: '198.51.100.7',
  port: 443,
  requestId: 'id-1',
  receivedMs: 1_700_000_000_000,
  httpVersion: '1.1',
};

function inbound(headers: Record<string, string> | RawHeaders, knobs: Partial<Knobs> = {}) {
  const list = Array.isArray(headers) ? headers : Object.entries(headers as object);
  const result = inboundHeaders(list, arrival, { ...defaultKnobs, ...knobs });
  return (name: string) => headerValue(result, name);
}

describe('the headers a node gets', () => {
  it('say who the client is and where it came in, whatever the client said', () => {
    const value = inbound({
      'Fly-Client-IP': '6.6.6.6',
      'fly-region': 'xxx',
      'FLY-FORWARDED-PORT': '1',
      'Fly-Request-Id': 'mine',
    });
    expect(value('fly-client-ip')).toBe('198.51.100.7');
    expect(value('fly-region')).toBe('ams');
    expect(value('fly-forwarded-port')).toBe('443');
    expect(value('fly-request-id')).toBe('id-1');
  });

  it('append the client and the app to X-Forwarded-For, all of the client’s own at the left', () => {
    const sent: RawHeaders = [
      ['X-Forwarded-For', '6.6.6.6, 7.7.7.7'],
      ['x-forwarded-for', '8.8.8.8'],
      ['Via', '1.0 other'],
    ];
    const value = inbound(sent);
    expect(value('x-forwarded-for')).toBe('6.6.6.6, 7.7.7.7, 8.8.8.8, 198.51.100.7, 203.0.113.80');
    expect(value('via')).toBe('1.0 other, 1.1 fly.io');
    expect(inbound({})('x-forwarded-for')).toBe('198.51.100.7, 203.0.113.80');
  });

  it('leave X-Forwarded-Host and all else alone', () => {
    const value = inbound({ 'X-Forwarded-Host': 'evil.example', Accept: 'a/b', Host: 'h' });
    expect(value('x-forwarded-host')).toBe('evil.example');
    expect(value('accept')).toBe('a/b');
    expect(value('host')).toBe('h');
  });

  it('have the scheme of the edge, unless a client’s own is kept', () => {
    const sent = { 'X-Forwarded-Proto': 'gopher', 'X-Forwarded-SSL': 'maybe' };
    const set = inbound(sent, { scheme: 'https' });
    expect([set('x-forwarded-proto'), set('x-forwarded-ssl')]).toEqual(['https', 'on']);
    const kept = inbound(sent, { clientForwardedHeaders: 'keep' });
    expect([kept('x-forwarded-proto'), kept('x-forwarded-ssl')]).toEqual(['gopher', 'maybe']);
    expect(kept('x-forwarded-port')).toBe('443');
  });

  it('have the undocumented ones only when asked for', () => {
    expect(inbound({})('fly-forwarded-proto')).toBeUndefined();
    const value = inbound({}, { undocumentedHeaders: true });
    expect(value('fly-forwarded-proto')).toBe('http');
    expect(value('fly-forwarded-ssl')).toBe('off');
    expect(value('x-request-start')).toBe('t=1700000000000000');
  });

  it('keep or strip what a client says of replays', () => {
    const sent = { 'Fly-Replay-Src': 'instance=evil', 'fly-replay-failed': 'reason=timeout' };
    const kept = inbound(sent, { clientReplayHeaders: 'keep' });
    expect(kept('fly-replay-src')).toBe('instance=evil');
    expect(kept('fly-replay-failed')).toBe('reason=timeout');
    const stripped = inbound(sent, { clientReplayHeaders: 'strip' });
    expect(stripped('fly-replay-src')).toBeUndefined();
    expect(stripped('fly-replay-failed')).toBeUndefined();
  });

  it('lack those of the connection, the ones that Connection names included', () => {
    const value = inbound({
      Connection: 'close, X-Secret, Content-Length',
      'X-Secret': 'x',
      'Keep-Alive': 'timeout=5',
      TE: 'trailers',
      Trailer: 'x',
      'Transfer-Encoding': 'chunked',
      Upgrade: 'h2c',
      'Proxy-Authorization': 'x',
      'Proxy-Connection': 'close',
      Expect: '100-continue',
      'Content-Length': '3',
    });
    for (const name of [
      'connection',
      'x-secret',
      'keep-alive',
      'te',
      'trailer',
      'transfer-encoding',
      'upgrade',
      'proxy-authorization',
      'proxy-connection',
      'expect',
    ]) {
      expect(value(name), name).toBeUndefined();
    }
    expect(value('content-length')).toBe('3');
  });
});
