import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { startWriter } from '../../src/storage/writer.ts';
import { TestFolder, writerOptions } from '../support/test-database.ts';

test('the commands of a large transaction are answered a few in each turn of the event loop', async () => {
  using folder = new TestFolder();
  await using writer = await startWriter(writerOptions(folder));
  let turn = 0;
  let isOver = false;
  const counting = (async () => {
    while (!isOver) {
      turn += 1;
      await nextTurn();
    }
  })();
  const answers = new Map<number, number>();
  const link = { destination: 'https://example.com/' };
  await Promise.all(
    Array.from({ length: 101 }, async () => {
      await writer.run('createLink', { domainId: 1, link });
      answers.set(turn, (answers.get(turn) ?? 0) + 1);
    }),
  );
  isOver = true;
  await counting;
  expect(Math.max(...answers.values())).toBeLessThanOrEqual(8);
});
