import { describe, expect, test } from 'vitest';
import { parseRecord } from '../../scripts/faults/history.ts';

const operation = {
  proc: 'writer-1',
  op: 'create',
  key: 'aB3xYz7',
  arg: { destination: 'https://example.com/1', idempotencyKey: 'k1' },
  invokedAt: 12.3,
  returnedAt: 15.1,
  type: 'ok',
  via: 'ams',
  status: 201,
  node: 'ams1',
  epoch: 3,
  txid: '00000000000000aa',
  durability: 'replicated',
};

const event = { event: 'primary', node: 'ams1', at: 100, epoch: 4 };

describe('a line of the history', () => {
  test('is an operation or an event', () => {
    expect(parseRecord(operation)).toEqual(operation);
    expect(parseRecord(event)).toEqual(event);
  });

  test('says nothing of what it leaves out', () => {
    const { arg: _, ...without } = operation;
    expect(parseRecord(without)).toEqual({ ...without, arg: {} });
  });

  test.each([
    ['an outcome that is none', { ...operation, type: 'info' }],
    ['a field that nobody knows', { ...operation, durabilty: 'local' }],
    ['an argument that nobody knows', { ...operation, arg: { target: 'https://example.com/' } }],
    ['a txid that is a number', { ...operation, txid: 170 }],
    ['an event that nobody knows', { ...event, event: 'secondary' }],
    ['an event without its time', { event: 'primary', node: 'ams1', epoch: 4 }],
    ['nothing', null],
  ])('is refused with %s', (_, line) => {
    expect(() => parseRecord(line)).toThrow();
  });
});
