import { describe, expect, it } from 'vitest';
import { clientTarget } from '../../scripts/edge/client-target.ts';
import { realisticLatency } from '../../scripts/edge/latency-table.ts';
import { isRegionMeantBy } from '../../scripts/edge/region-alias.ts';
import { listCandidates, type Outlook, type Target } from '../../scripts/edge/target.ts';

const outlook: Outlook = {
  region: 'ams',
  distances: realisticLatency,
  autostart: false,
  unhealthyInstance: 'wait',
};

function candidate(id: string, region: string, rest: object = {}, lastPicked = 0) {
  const node = { id, region, url: '', app: 'hoplite', state: 'started', healthy: true } as const;
  return { node: { ...node, ...rest }, lastPicked };
}

const fleet = [
  candidate('s1', 'syd'),
  candidate('i1', 'iad'),
  candidate('a1', 'ams', {}, 2),
  candidate('a2', 'ams', {}, 1),
  candidate('o1', 'syd', { app: 'other' }),
];

function ids(target: Partial<Target>, from: Partial<Outlook> = {}, all = fleet): string[] {
  const nodes = listCandidates(all, { app: 'hoplite', ...target }, { ...outlook, ...from });
  return nodes.map(({ id }) => id);
}

describe('candidates', () => {
  it('come nearest first, and among equals the one that has waited longest', () => {
    expect(ids({})).toEqual(['a2', 'a1', 'i1', 's1']);
    expect(ids({}, { region: 'syd' })).toEqual(['s1', 'i1', 'a2', 'a1']);
  });

  it('come in the order of the regions asked for, and from no other', () => {
    expect(ids({ regions: ['syd', 'ams'] })).toEqual(['s1', 'a2', 'a1']);
    expect(ids({ regions: ['us', 'any'] })).toEqual(['i1', 'a2', 'a1', 's1']);
    expect(ids({ regions: ['sa'] })).toEqual([]);
  });

  it('begin with the preferred node', () => {
    expect(ids({ prefer: 's1' })).toEqual(['s1', 'a2', 'a1', 'i1']);
    expect(ids({ prefer: 's1', regions: ['ams'] })).toEqual(['a2', 'a1']);
  });

  it('leave out the node that asked for elsewhere', () => {
    expect(ids({ except: 'a2' })).toEqual(['a1', 'i1', 's1']);
  });

  it('are of the app asked for', () => {
    expect(ids({ app: 'other' })).toEqual(['o1']);
    expect(ids({ app: 'other', only: 'a1' })).toEqual([]);
  });

  it('are healthy, and an unhealthy one is tried only when named and the knob says so', () => {
    const sick = [candidate('a1', 'ams', { healthy: false }), candidate('i1', 'iad')];
    expect(ids({}, {}, sick)).toEqual(['i1']);
    expect(ids({}, { unhealthyInstance: 'try' }, sick)).toEqual(['i1']);
    expect(ids({ only: 'a1' }, {}, sick)).toEqual([]);
    expect(ids({ only: 'a1' }, { unhealthyInstance: 'try' }, sick)).toEqual(['a1']);
  });

  it('are stopped nodes only with autostart, and last', () => {
    const asleep = [
      candidate('a1', 'ams', { state: 'stopped', healthy: false }),
      candidate('i1', 'iad'),
    ];
    expect(ids({}, {}, asleep)).toEqual(['i1']);
    expect(ids({}, { autostart: true }, asleep)).toEqual(['i1', 'a1']);
  });
});

describe('a region', () => {
  it.each([
    ['ams', 'ams', true],
    ['ams', 'eu', true],
    ['iad', 'us', true],
    ['iad', 'usa', true],
    ['iad', 'na', true],
    ['yyz', 'na', true],
    ['yyz', 'us', false],
    ['gru', 'sa', true],
    ['syd', 'apac', true],
    ['syd', 'eu', false],
    ['zzz', 'any', true],
    ['zzz', 'zzz', true],
    ['ams', 'constructor', false],
  ])('%s under the name %s: %s', (region, name, meant) => {
    expect(isRegionMeantBy(region, name)).toBe(meant);
  });
});

describe('the routing headers of a client', () => {
  it.each([
    [{}, {}],
    [{ 'fly-force-instance-id': 'a1', 'fly-force-region': 'syd' }, { only: 'a1' }],
    [{ 'Fly-Force-Region': 'iad, EU' }, { regions: ['iad', 'eu'] }],
    [{ 'fly-prefer-instance-id': 'a1', 'fly-prefer-region': 'syd' }, { prefer: 'a1' }],
    [{ 'fly-prefer-region': 'syd' }, { regions: ['syd', 'any'] }],
    [{ 'fly-force-region': '\xff"; ,' }, { regions: ['\xff";', ''] }],
    [{ 'fly-force-instance-id': ' ' }, {}],
  ])('%j', (headers, expected) => {
    expect(clientTarget(Object.entries(headers), 'hoplite')).toEqual({
      app: 'hoplite',
      ...expected,
    });
  });
});
