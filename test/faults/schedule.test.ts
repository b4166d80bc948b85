import { expect, test } from 'vitest';
import { createChance } from '../../scripts/faults/driver/chance.ts';
import { makeSchedule, type Plan } from '../../scripts/faults/nemesis/schedule.ts';

function namesOf(plan: Plan, seed: string, only?: string): string[] {
  using copies = new DisposableStack();
  return makeSchedule(plan, createChance(seed), copies, only).map(({ name }) => name);
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
  expect(new Set(namesOf('full', '1', 'link-cut'))).toEqual(new Set(['link-cut']));
});

test('a fault that there is not is refused, and those that there are are named', () => {
  expect(() => namesOf('full', '1', 'flood')).toThrow(/no fault flood: .*power-loss/);
});
