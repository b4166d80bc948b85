import { beforeEach, describe, expect, test } from 'vitest';
import type { ApiKey } from '../../src/domain/api-key.ts';
import { createApiKeys } from '../../src/domain/api-keys.ts';
import { type FakeClock, fakeClock } from '../support/fake-clock.ts';
import { createMemoryStores, type MemoryStores } from '../support/memory-link-store.ts';

let stores: MemoryStores;
let clock: FakeClock;
let updates: ApiKey[];
let keys: ReturnType<typeof createApiKeys>;

beforeEach(() => {
  stores = createMemoryStores();
  clock = fakeClock();
  updates = [];
  const store = {
    ...stores.keys,
    updateKey(key: ApiKey) {
      updates.push(key);
      stores.keys.updateKey(key);
    },
  };
  keys = createApiKeys({ store, clock });
});

const generated = { prefix: 'AAAAAAAAAA', secretHash: 'c'.repeat(64) };

describe('creating a key', () => {
  test('stores its name, prefix and hash, and when it was made', () => {
    const key = keys.createKey({ name: '  Build server ', ...generated });
    expect(key).toEqual({
      id: key.id,
      name: 'Build server',
      ...generated,
      createdAt: clock.now(),
      revokedAt: null,
    });
    expect(stores.keys.findKeyById(key.id)).toEqual(key);
  });

  test.each(['', '  ', 'x'.repeat(101), 'a\nb', 'a\0', 'a\ud800'])(
    'refuses the name %j',
    (name) => {
      expect(() => keys.createKey({ name, ...generated })).toThrow(
        expect.objectContaining({
          kind: 'invalid',
          details: { errors: [expect.objectContaining({ pointer: '/name' })] },
        }),
      );
    },
  );

  test('takes names of 100 signs, and the same name twice', () => {
    const name = 'x'.repeat(100);
    const first = keys.createKey({ name, ...generated });
    const second = keys.createKey({ name, ...generated, prefix: 'BBBBBBBBBB' });
    expect(second.id).not.toBe(first.id);
  });

  test('fails when the prefix is taken', () => {
    keys.createKey({ name: 'a', ...generated });
    expect(() => keys.createKey({ name: 'b', ...generated })).toThrow(
      expect.objectContaining({ kind: 'conflict' }),
    );
  });
});

describe('revoking a key', () => {
  test('keeps the time of the first, however often', () => {
    const key = keys.createKey({ name: 'a', ...generated });
    clock.advance(1_000);
    const revoked = keys.revokeKey(key.id);
    expect(revoked).toEqual({ ...key, revokedAt: clock.now() });
    clock.advance(1_000);
    expect(keys.revokeKey(key.id)).toEqual(revoked);
    expect(updates).toEqual([revoked]);
    expect(stores.keys.findKeyById(key.id)).toEqual(revoked);
  });

  test('fails where there is no key', () => {
    expect(() => keys.revokeKey(7)).toThrow(expect.objectContaining({ kind: 'not_found' }));
  });
});
