import { expect, test } from 'vitest';
import { createPick, type Popularity } from '../../scripts/bench/popularity.ts';

/** Draws with chances that are spread evenly, so that frequencies are exact. */
function drawEvenly(popularity: Popularity, links: number, draws: number): number[] {
  let drawn = 0;
  const pick = createPick(popularity, links, () => (drawn++ + 0.5) / draws);
  const counts = new Array<number>(links).fill(0);
  for (let draw = 0; draw < draws; draw += 1) (counts[pick()] as number) += 1;
  return counts;
}

test('in turn, each link is asked for once before any is twice', () => {
  const pick = createPick('in-turn', 3);
  expect(Array.from({ length: 7 }, pick)).toEqual([0, 1, 2, 0, 1, 2, 0]);
});

test('uniform, all links are asked for alike', () => {
  expect(drawEvenly('uniform', 4, 1_000)).toEqual([250, 250, 250, 250]);
});

test('with Zipf, the n-th link is asked for 1 / n as often as the first', () => {
  const counts = drawEvenly('zipf', 100, 1_000_000);
  const [first = 0] = counts;
  for (const [index, count] of counts.entries()) {
    expect(Math.abs(count - first / (index + 1))).toBeLessThan(2);
  }
});

test.each(['uniform', 'zipf'] as const)('%s, the ends of chance are links too', (popularity) => {
  expect(createPick(popularity, 10, () => 0)()).toBe(0);
  expect(createPick(popularity, 10, () => 1 - 2 ** -53)()).toBe(9);
  expect(createPick(popularity, 1, () => 1 - 2 ** -53)()).toBe(0);
});
