import { expect, test } from 'vitest';
import { Refusals } from '../../src/guard/refusals.ts';

function setUp() {
  let nowMs = 1_000;
  const refusals = new Refusals(() => nowMs);
  const refuseFor = (ms: number) => {
    for (const endMs = nowMs + ms; nowMs < endMs; nowMs += 1_000) refusals.refused();
  };
  const wait = (ms: number) => {
    nowMs += ms;
  };
  return { refusals, refuseFor, wait };
}

test('the time of refusals runs from the first one', () => {
  const { refusals, refuseFor } = setUp();
  expect(refusals.forMs()).toBe(0);
  refuseFor(30_000);
  expect(refusals.forMs()).toBe(30_000);
  expect(refusals.areRecent).toBe(true);
});

test('it starts anew when somebody leads', () => {
  const { refusals, refuseFor } = setUp();
  refuseFor(30_000);
  refusals.led();
  expect(refusals.forMs()).toBe(0);
  expect(refusals.areRecent).toBe(false);
  refuseFor(2_000);
  expect(refusals.forMs()).toBe(2_000);
});

test('it starts anew when LiteFS has not asked for long', () => {
  const { refusals, refuseFor, wait } = setUp();
  refuseFor(30_000);
  wait(20_000);
  expect(refusals.areRecent).toBe(false);
  expect(refusals.forMs()).toBe(0);
  refusals.refused();
  expect(refusals.forMs()).toBe(0);
});
