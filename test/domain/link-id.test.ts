import { describe, expect, test } from 'vitest';
import { nextLinkId } from '../../src/domain/link-id.ts';
import { seededRandom } from '../support/seeded-random.ts';

const fixed = (...bytes: readonly number[]) => ({ bytes: () => Uint8Array.from(bytes) });
const beginning = Date.UTC(2025, 0);

describe('the id of a new link', () => {
  test('is the time since 2025 and 12 random bits', () => {
    expect(nextLinkId(0, beginning + 1_000, fixed(0, 0))).toBe(1_000 * 4_096);
    expect(nextLinkId(0, beginning + 1_000, fixed(0x0f, 0xff))).toBe(1_000 * 4_096 + 4_095);
    expect(nextLinkId(0, beginning + 1_000, fixed(0xff, 0xff))).toBe(1_000 * 4_096 + 4_095);
    expect(nextLinkId(0, beginning + 1_000, fixed(0xa1, 0x02))).toBe(1_000 * 4_096 + 0x102);
  });

  test('is above the last one, also when the clock goes backwards or stands still', () => {
    const random = seededRandom('ids');
    let last = 0;
    const ids = new Set<number>();
    for (const now of [5_000, 5_000, 5_000, 4_000, 1, -70_000_000_000, 5_000, 6_000]) {
      for (let link = 0; link < 1_000; link += 1) {
        const id = nextLinkId(last, beginning + now, random);
        expect(id).toBeGreaterThan(last);
        ids.add(id);
        last = id;
      }
    }
    expect(ids.size).toBe(8_000);
  });

  test('differs from the ids of transactions that a failover lost', () => {
    // Two primaries count from the same last id at about the same time; only chance keeps them apart.
    const [a, b] = [seededRandom('a'), seededRandom('b')];
    const moments = Array.from({ length: 1_000 }, (_, index) => beginning + 1e9 + index * 10);
    const ids = moments.map((now) => [nextLinkId(7, now, a), nextLinkId(7, now, b)] as const);
    expect(ids.filter(([left, right]) => left === right).length).toBeLessThan(5);
  });

  test('is a safe integer until 2094 and never an unsafe one', () => {
    const last = beginning + 2 ** 41 - 1;
    expect(new Date(last).getUTCFullYear()).toBe(2094);
    expect(Number.isSafeInteger(nextLinkId(0, last, fixed(0xff, 0xff)))).toBe(true);
    expect(() => nextLinkId(0, last + 1, fixed(0, 0))).toThrow('the clock says');
  });
});
