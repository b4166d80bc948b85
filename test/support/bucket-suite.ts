import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import type { Bucket } from '../../src/backup/bucket/bucket.ts';

/** What every bucket does. `open` gives one whose prefix nobody else uses. */
export function describeBucket(open: () => Promise<Bucket> | Bucket): void {
  const text = (bytes: Uint8Array | undefined) => bytes && Buffer.from(bytes).toString();

  test('an empty bucket lists and gives nothing', async () => {
    const bucket = await open();
    expect(await bucket.list('')).toEqual([]);
    expect(await bucket.list('parts/')).toEqual([]);
    expect(await bucket.read('parts/none')).toBeUndefined();
  });

  test('gives what was written, also empty, also replaced', async () => {
    const bucket = await open();
    const body = randomBytes(1_500_000);
    await bucket.write('parts/a', body);
    await bucket.write('parts/empty', new Uint8Array());
    await bucket.write('backups/2026-11-30T00-00-00.000Z-node_1-x.json', Buffer.from('{"a":1}'));
    await bucket.write('backups/2026-11-30T00-00-00.000Z-node_1-x.json', Buffer.from('{"b":22}'));
    expect(Buffer.from((await bucket.read('parts/a')) ?? []).equals(body)).toBe(true);
    expect((await bucket.read('parts/empty'))?.length).toBe(0);
    expect(text(await bucket.read('backups/2026-11-30T00-00-00.000Z-node_1-x.json'))).toBe(
      '{"b":22}',
    );
    // A folder of keys is no object.
    expect(await bucket.read('parts/b')).toBeUndefined();
  });

  test('lists by the beginning of keys, sorted, with sizes and times by its own clock', async () => {
    const bucket = await open();
    const before = await bucket.nowMs();
    for (const key of ['b/2', 'b/1', 'a', 'b.c', 'b/1.json', 'bb/1']) {
      await bucket.write(key, Buffer.from(key));
    }
    const all = await bucket.list('');
    expect(all.map(({ key, bytes }) => [key, bytes])).toEqual([
      ['a', 1],
      ['b.c', 3],
      ['b/1', 3],
      ['b/1.json', 8],
      ['b/2', 3],
      ['bb/1', 4],
    ]);
    const keys = async (prefix: string) => (await bucket.list(prefix)).map(({ key }) => key);
    expect(await keys('b/')).toEqual(['b/1', 'b/1.json', 'b/2']);
    expect(await keys('b')).toEqual(['b.c', 'b/1', 'b/1.json', 'b/2', 'bb/1']);
    expect(await keys('b/1')).toEqual(['b/1', 'b/1.json']);
    expect(await keys('c/')).toEqual([]);
    const after = await bucket.nowMs();
    for (const { storedAtMs } of all) {
      // Both clocks of S3 have whole seconds.
      expect(storedAtMs).toBeGreaterThanOrEqual(before - 1_000);
      expect(storedAtMs).toBeLessThanOrEqual(after + 1_000);
    }
  });

  test('removes what it has, and does not mind what it has not', async () => {
    const bucket = await open();
    const keys = Array.from({ length: 12 }, (_, at) => `parts/${at}`);
    await Promise.all(keys.map((key) => bucket.write(key, Buffer.from(key))));
    await bucket.remove([...keys.slice(1), 'parts/none', 'nowhere/none']);
    expect((await bucket.list('')).map(({ key }) => key)).toEqual(['parts/0']);
    await bucket.remove([]);
    await bucket.remove(keys);
    expect(await bucket.list('')).toEqual([]);
  });

  test('a write that is called off leaves nothing', async () => {
    const bucket = await open();
    const reason = new Error('called off');
    const signal = AbortSignal.abort(reason);
    await expect(bucket.write('parts/a', Buffer.from('a'), signal)).rejects.toBe(reason);
    await expect(bucket.list('', signal)).rejects.toBe(reason);
    await expect(bucket.remove(['parts/a'], signal)).rejects.toBe(reason);
    expect(await bucket.list('')).toEqual([]);
  });

  test.each([
    '',
    '/a',
    'a/',
    'a//b',
    '../a',
    'a/../b',
    '.a',
    'a/.b',
    'a b',
    'a\0',
    'ä',
    'a?b',
    'a%2fb',
  ])('takes %j for no key', async (key) => {
    const bucket = await open();
    const calls = [
      async () => bucket.read(key),
      async () => bucket.write(key, Buffer.from('x')),
      async () => bucket.remove([key]),
    ];
    for (const call of calls) await expect(call()).rejects.toThrow(TypeError);
  });
}
