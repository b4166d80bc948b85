import { describe, expect, it } from 'vitest';
import { parseReplayHeader } from '../../scripts/edge/replay-header.ts';
import { parseReplayJson } from '../../scripts/edge/replay-json.ts';

const none = {
  regions: undefined,
  instance: undefined,
  preferInstance: undefined,
  app: undefined,
  state: undefined,
  elsewhere: false,
  timeoutMs: undefined,
  fallback: undefined,
  transform: undefined,
};

describe('the fly-replay header', () => {
  it.each([
    ['region=ams', { regions: ['ams'] }],
    ['region="iad, ord,us,ANY"', { regions: ['iad', 'ord', 'us', 'any'] }],
    ['instance=00bb33ff', { instance: '00bb33ff' }],
    [
      'instance=a1;timeout=800ms;fallback=force_self;state=x.y=',
      { instance: 'a1', timeoutMs: 800, fallback: 'force_self', state: 'x.y=' },
    ],
    [
      ' prefer_instance = a1 ; fallback = prefer_self ; timeout=1.5s ;',
      { preferInstance: 'a1', fallback: 'prefer_self', timeoutMs: 1_500 },
    ],
    ['region="sjc,any";app=target-app', { regions: ['sjc', 'any'], app: 'target-app' }],
    ['elsewhere=true;timeout=1m', { elsewhere: true, timeoutMs: 60_000 }],
    ['elsewhere=false', {}],
    ['state="a;b,c"', { state: 'a;b,c' }],
    ['state=', { state: '' }],
    ['state=caf\xe9', { state: 'caf\xe9' }],
  ])('%j is understood', (text, expected) => {
    expect(parseReplayHeader(text)).toEqual({ ...none, ...expected });
  });

  it.each([
    '',
    ';',
    'region',
    'region=',
    'region=ams,iad',
    'region="ams',
    'region="ams,"',
    'region=a b',
    'Region=ams',
    'place=ams',
    'instance=',
    'instance=a b',
    'instance=a,b',
    'instance=a;instance=b',
    'elsewhere=yes',
    'timeout=10',
    'timeout=-1s',
    'timeout=s',
    'timeout=1h',
    'fallback=self',
    'region=ams;;state=x;',
    'region=ams, region=iad',
    '__proto__=x',
    'constructor=x',
    '"=";"',
  ])('%j is PA03', (text) => {
    expect(() => parseReplayHeader(text)).toThrow(/^PA03/);
  });
});

describe('the JSON form of a replay', () => {
  it('carries the same fields, a list of regions without quotes', () => {
    const text = JSON.stringify({ region: 'iad,us', elsewhere: true, timeout: '10s', state: 'x' });
    expect(parseReplayJson(text)).toEqual({
      ...none,
      regions: ['iad', 'us'],
      elsewhere: true,
      timeoutMs: 10_000,
      state: 'x',
    });
  });

  it('carries a transform, and a cache that is without effect', () => {
    const text = JSON.stringify({
      app: 'other',
      transform: {
        path: '/new?x=1',
        delete_headers: ['cookie'],
        set_headers: [{ name: 'x-a', value: 'b' }],
      },
      cache: { prefix: '/x/*', ttl: 60 },
      allow_bypass: true,
    });
    expect(parseReplayJson(text)).toEqual({
      ...none,
      app: 'other',
      transform: { path: '/new?x=1', deleteHeaders: ['cookie'], setHeaders: [['x-a', 'b']] },
    });
  });

  it.each([
    '',
    '{',
    'null',
    '[]',
    '"region=ams"',
    '{"place":"ams"}',
    '{"region":["ams"]}',
    '{"instance":1}',
    '{"elsewhere":"maybe"}',
    '{"timeout":10}',
    '{"state":"line\\nfeed"}',
    '{"state":"\\u2603"}',
    '{"transform":[]}',
    '{"transform":{"query":"x"}}',
    '{"transform":{"path":"no-slash"}}',
    '{"transform":{"path":"/a b"}}',
    '{"transform":{"path":"/a\\r\\nx: y"}}',
    '{"transform":{"delete_headers":"cookie"}}',
    '{"transform":{"set_headers":[{"name":"a b","value":"c"}]}}',
    '{"transform":{"set_headers":[{"name":"a","value":"b\\r\\nc: d"}]}}',
    '{"transform":{"set_headers":[{"name":"a"}]}}',
  ])('%s is PA03', (text) => {
    expect(() => parseReplayJson(text)).toThrow(/^PA03/);
  });
});
