import { expect, test } from 'vitest';
import { parseFaultsCommand } from '../../scripts/faults/options.ts';

test('the whole schedule with a drawn seed is what runs without options', () => {
  expect(parseFaultsCommand([], () => 7)).toEqual({
    help: false,
    minutes: 11,
    seed: 7,
    only: undefined,
    times: undefined,
    projectDir: undefined,
    mutants: false,
    plan: 'full',
    json: undefined,
  });
});

test('faults are chosen by name, each so many times', () => {
  expect(parseFaultsCommand(['--only', 'kill-9,handoff', '--times', '3'])).toMatchObject({
    only: ['kill-9', 'handoff'],
    times: 3,
  });
});

test.for([
  ['--minutes 0', '--minutes is a number up to 120.'],
  ['--minutes soon', '--minutes is a number up to 120.'],
  ['--seed x', '--seed is a whole number.'],
  ['--fast', "Unknown option '--fast'"],
])('%s is refused in a sentence', ([args = '', sentence = '']) => {
  expect(() => parseFaultsCommand(args.split(' '))).toThrow(sentence);
});
