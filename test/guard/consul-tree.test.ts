import { describe, expect, test } from 'vitest';
import { rewriteAdvertiseUrl } from '../../src/guard/advertise-url.ts';
import { parseTree } from '../../src/guard/consul-tree.ts';

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64');
const entry = (Key: string, value: unknown, more: object = {}) => ({
  ...{ LockIndex: 1, Key, Flags: 0, Value: value === '' ? null : encode(value) },
  ...{ CreateIndex: 3, ModifyIndex: 7 },
  ...more,
});
const primary = { hostname: 'ams1', 'advertise-url': 'http://ams1:20202' };
const mark = { epoch: 3, txid: '00000000000000aa', node: 'ams1' };
const place = { node: 'ams2', litefsUrl: 'http://ams2:20202' };
const tree = (...entries: object[]) => parseTree(JSON.stringify(entries), 'p/k');

describe('what lies in Consul', () => {
  test('is read as LiteFS and guards write it', () => {
    expect(
      tree(
        entry('p/k', primary, { Session: 's1' }),
        entry('p/k/candidates/2', place, { Session: 's2' }),
        entry('p/k/clusterid', 'LFSC0123'),
        entry('p/k/mark', mark),
        entry('p/k2', primary, { Session: 's3' }),
      ),
    ).toEqual({
      lease: { session: 's1', holder: 'ams1', index: 7 },
      mark,
      markIndex: 7,
      places: [{ ...place, number: 2, session: 's2', progress: undefined }],
    });
  });

  test('is nothing where a lease was given back and a place has no session', () => {
    expect(tree(entry('p/k', ''), entry('p/k/candidates/1', place))).toEqual({
      ...{ lease: undefined, mark: undefined, markIndex: 0, places: [] },
    });
  });

  test('tells the progress of a candidate that is refused', () => {
    const progress = { epoch: 2, txid: '0000000000000001' };
    const { places } = tree(entry('p/k/candidates/1', { ...place, progress }, { Session: 's' }));
    expect(places[0]?.progress).toEqual(progress);
  });

  test('throws where a mark is none', () => {
    expect(() => tree(entry('p/k/mark', { epoch: 3 }))).toThrow('the mark in Consul is none');
  });
});

describe("Consul's answer to LiteFS", () => {
  const urls = { ownUrl: 'http://ams2:20202', relayUrl: 'http://127.0.0.1:8502' };

  test("leads to the relay instead of to the primary's machine", () => {
    const body = JSON.stringify([entry('k', primary, { Session: 's1' })]);
    const rewritten = rewriteAdvertiseUrl(body, urls);
    expect(rewritten?.primaryUrl).toBe('http://ams1:20202');
    const [answer] = JSON.parse(rewritten?.body ?? '');
    expect(answer).toMatchObject({ Key: 'k', Session: 's1', ModifyIndex: 7 });
    expect(JSON.parse(Buffer.from(answer.Value, 'base64').toString())).toEqual({
      hostname: 'ams1',
      'advertise-url': 'http://127.0.0.1:8502',
    });
  });

  test.for([
    { name: 'this node leads', value: { ...primary, 'advertise-url': 'http://ams2:20202' } },
    { name: 'nobody leads', value: '' },
    { name: 'the key holds something else', value: 'LFSC0123' },
  ])('stays as it is when $name', ({ value }) => {
    expect(rewriteAdvertiseUrl(JSON.stringify([entry('k', value)]), urls)).toBeUndefined();
  });
});
