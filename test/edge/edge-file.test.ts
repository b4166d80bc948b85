import { describe, expect, it } from 'vitest';
import { parseEdgeFile } from '../../scripts/edge/edge-file.ts';
import { defaultKnobs } from '../../scripts/edge/knobs.ts';
import { realisticLatency } from '../../scripts/edge/latency-table.ts';

describe('the description of an edge', () => {
  it('needs no more than one region', () => {
    expect(parseEdgeFile({ regions: { ams: '127.0.0.1:0' } })).toEqual({
      options: {
        regions: ['ams'],
        listen: { ams: { host: '127.0.0.1', port: 0 } },
        nodes: [],
        latency: undefined,
      },
      control: undefined,
    });
  });

  it('may say everything, and every knob has a place in it', () => {
    const node = { id: 'a1', region: 'ams', url: 'http://127.0.0.1:8080', app: 'other' };
    const { options, control } = parseEdgeFile({
      regions: { ams: '[::1]:9001' },
      nodes: [node],
      latency: true,
      app: 'mine',
      health: { path: '/ready', intervalMs: 10, timeoutMs: 20 },
      knobs: defaultKnobs,
      control: 'localhost:9000',
    });
    expect(options).toMatchObject({
      listen: { ams: { host: '::1', port: 9_001 } },
      nodes: [node],
      latency: realisticLatency,
      knobs: defaultKnobs,
    });
    expect(control).toEqual({ host: 'localhost', port: 9_000 });
  });

  it.each([
    [null, /object/],
    [{}, /regions/],
    [{ regions: { ams: '9001' } }, /host:port/],
    [{ regions: {}, node: [] }, /node/],
    [{ regions: {}, nodes: [{ id: 'a 1', region: 'ams', url: 'http://x' }] }, /id/],
    [{ regions: {}, nodes: [{ id: 'a1', region: 'ams', url: 'https://x' }] }, /url/],
    [{ regions: {}, knobs: { maxHop: 1 } }, /maxHop/],
    [{ regions: {}, knobs: { replaySrcSeparator: '|' } }, /replaySrcSeparator/],
  ])('%j names its mistake', (description, mistake) => {
    expect(() => parseEdgeFile(description)).toThrow(mistake);
  });
});
