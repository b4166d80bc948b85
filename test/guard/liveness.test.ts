import { describe, expect, test } from 'vitest';
import { afterLook, deafForMs, isDeaf, unknownLiveness } from '../../src/guard/liveness.ts';

const everyMs = 500;

/** Looks twice a second; `answers` says for each look whether LiteFS did. Gives when it is taken for hung. */
function watch(
  answers: (atMs: number) => boolean,
  looksAtMs: readonly number[],
): number | undefined {
  let liveness = unknownLiveness(0);
  for (const atMs of looksAtMs) {
    liveness = afterLook(liveness, { atMs, everyMs, answered: answers(atMs) });
    if (isDeaf(liveness, atMs)) return atMs;
  }
  return undefined;
}

const looks = (fromMs: number, toMs: number) =>
  Array.from({ length: (toMs - fromMs) / everyMs }, (_, index) => fromMs + (index + 1) * everyMs);

describe('a LiteFS', () => {
  test('that answers does not hang', () => {
    expect(watch(() => true, looks(0, 60_000))).toBeUndefined();
  });

  test('that stops answering hangs after 5 s', () => {
    expect(watch((atMs) => atMs <= 10_000, looks(0, 60_000))).toBe(10_000 + deafForMs);
  });

  test('that answers now and then does not hang', () => {
    expect(watch((atMs) => atMs % 4_500 === 0, looks(0, 60_000))).toBeUndefined();
  });

  test('that opens its database for minutes does not hang', () => {
    expect(watch((atMs) => atMs > 300_000, looks(0, 302_000))).toBeUndefined();
  });

  test('gets its whole time anew when the machine was asleep', () => {
    const asleep = [...looks(0, 10_000), ...looks(100_000, 160_000)];
    const since = asleep.filter((atMs) => atMs > 100_000)[0] ?? 0;
    expect(watch((atMs) => atMs <= 10_000, asleep)).toBe(since + deafForMs);
  });
});
