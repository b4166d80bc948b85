import { expect, it } from 'vitest';
import { backOffMs } from '../../src/clicks/shipping/back-off.ts';

it.each([
  [1, 100],
  [2, 200],
  [3, 400],
  [6, 3_200],
  [7, 5_000],
  [1_000, 5_000],
])('after %i failures in a row the pause is anything up to %i ms', (failures, boundMs) => {
  const drawn = (bytes: readonly number[]) =>
    backOffMs(failures, { bytes: () => Uint8Array.from(bytes) });
  expect(drawn([0, 0])).toBe(0);
  expect(drawn([255, 255])).toBe(boundMs);
  expect(Math.abs(drawn([128, 0]) - boundMs / 2)).toBeLessThan(boundMs / 100);
});
