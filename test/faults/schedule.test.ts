import { expect, test } from 'vitest';
import { createChance } from '../../scripts/faults/driver/chance.ts';
import { type Choice, makeSchedule, type Plan } from '../../scripts/faults/nemesis/schedule.ts';

function namesOf(plan: Plan, seed: string, choice?: Choice): string[] {
  using copies = new DisposableStack();
  return makeSchedule(plan, createChance(seed), copies, choice).map(({ name }) => name);
}

test('the same seed gives the same order, another one another', () => {
  expect(namesOf('full', '1')).toEqual(namesOf('full', '1'));
  expect(namesOf('full', '1')).not.toEqual(namesOf('full', '2'));
  expect(namesOf('full', '1').toSorted()).toEqual(namesOf('full', '2').toSorted());
});

test('the cut takes the lease from the primary at least eight times, in at least four ways', () => {
  using copies = new DisposableStack();
  const losses = makeSchedule('cut', createChance('1'), copies).filter(
    (fault) => fault.losesPrimary,
  );
  expect(losses.length).toBeGreaterThanOrEqual(8);
  expect(new Set(losses.map(({ name }) => name)).size).toBeGreaterThanOrEqual(4);
});

test('one kind of fault can be had alone', () => {
  expect(new Set(namesOf('full', '1', { only: ['link-cut'] }))).toEqual(new Set(['link-cut']));
});

test('some kinds can be had so many times each, also those that happen on demand alone', () => {
  expect(namesOf('full', '1', { only: ['node-paused', 'handoff'], times: 2 })).toEqual([
    ...['node-paused', 'node-paused', 'handoff', 'handoff'],
  ]);
  expect(namesOf('full', '1')).not.toContain('node-paused');
});

test('a fault that there is not is refused, and those that there are are named', () => {
  expect(() => namesOf('full', '1', { only: ['flood'] })).toThrow(/no fault flood: .*power-loss/);
});
