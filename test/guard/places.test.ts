import { describe, expect, test } from 'vitest';
import type { ConsulTree, PlaceNumber, TakenPlace } from '../../src/guard/consul-tree.ts';
import { type FreedPlace, judgePlace, keptForMs, noteFreed } from '../../src/guard/places.ts';

const held = (number: PlaceNumber, node: string, session = `of-${node}`): TakenPlace => ({
  ...{ number, node, session, progress: undefined },
  litefsUrl: `http://${node}:20202`,
});
const freedBy = (node: string, number: PlaceNumber, atMs: number) =>
  new Map<PlaceNumber, FreedPlace>([[number, { node, atMs }]]);
const nobody: ReadonlyMap<PlaceNumber, FreedPlace> = new Map();

describe('the place of a candidate', () => {
  test.for([
    { name: 'the first free one', places: [], step: { do: 'take', number: 1 } },
    { name: 'the other one', places: [held(1, 'b')], step: { do: 'take', number: 2 } },
    {
      name: 'its own, which it keeps',
      places: [held(1, 'b'), held(2, 'a')],
      step: { do: 'keep', number: 2 },
    },
    {
      name: 'none when both are taken',
      places: [held(1, 'b'), held(2, 'c')],
      step: { do: 'wait' },
    },
    {
      name: 'the one it had before',
      places: [],
      former: 2 as const,
      step: { do: 'take', number: 2 },
    },
    {
      name: 'another one when the one it had is taken',
      places: [held(2, 'b')],
      former: 2 as const,
      step: { do: 'take', number: 1 },
    },
    {
      name: 'the one that its last run holds still',
      places: [held(1, 'b'), held(2, 'a', 'of-last-run')],
      step: { do: 'end-last-run', session: 'of-last-run' },
    },
    {
      name: 'none that another one had a moment ago',
      places: [held(1, 'b')],
      freed: freedBy('c', 2, 1_001),
      step: { do: 'wait' },
    },
    {
      name: 'one that another one had long ago',
      places: [held(1, 'b')],
      freed: freedBy('c', 2, 1_000),
      step: { do: 'take', number: 2 },
    },
    {
      name: 'one that itself had a moment ago',
      places: [held(1, 'b')],
      freed: freedBy('a', 2, 1_001),
      step: { do: 'take', number: 2 },
    },
  ])('is $name', ({ places, former, freed = nobody, step }) => {
    const nowMs = 1_000 + keptForMs;
    expect(judgePlace({ node: 'a', session: 'of-a', places, former, freed, nowMs })).toEqual(step);
  });

  test('is known to have become free since the last look', () => {
    const tree = (...places: TakenPlace[]): ConsulTree => ({
      ...{ lease: undefined, mark: undefined, markIndex: 0, places },
    });
    const freed = new Map<PlaceNumber, FreedPlace>();
    noteFreed(freed, undefined, tree(), 1);
    expect(freed).toEqual(new Map());
    noteFreed(freed, tree(held(1, 'b'), held(2, 'c')), tree(held(1, 'b')), 2);
    expect(freed).toEqual(freedBy('c', 2, 2));
    noteFreed(freed, tree(held(1, 'b')), tree(held(1, 'b')), 3);
    expect(freed).toEqual(freedBy('c', 2, 2));
    noteFreed(freed, tree(held(1, 'b')), tree(held(1, 'b'), held(2, 'c')), 4);
    expect(freed).toEqual(new Map());
  });
});
