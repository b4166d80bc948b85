import { describe, expect, test } from 'vitest';
import { groupRows, type ImportBatch } from '../../src/cli/portable/import-batches.ts';
import type { SourceRow } from '../../src/cli/portable/import-row-source.ts';

async function* rowsOf(lines: readonly string[]): AsyncGenerator<SourceRow> {
  for (const [index, content] of lines.entries()) yield { line: index + 1, content };
}

async function group(rows: AsyncIterable<SourceRow>, mostRows = 100): Promise<ImportBatch[]> {
  const batches: ImportBatch[] = [];
  for await (const batch of groupRows(rows, mostRows)) batches.push(batch);
  return batches;
}

describe('a batch of an import', () => {
  test.each([
    ['a slug', '{"slug":"x","destination":"https://example.com"}'],
    ['a slug in other signs', '{"sl\\u0075g" : "x","destination":"https://example.com"}'],
    ['a slug and letters beyond ASCII', '{"title":"größe","slug":"ü"}'],
    ['no JSON', '{"slug":'],
  ])('needs no key for a row with %s', async (_, row) => {
    expect(await group(rowsOf([row]))).toMatchObject([{ idempotencyKey: undefined }]);
  });

  test.each([
    ['none', '{"destination":"https://example.com"}'],
    ['one of something else', '{"destination":"https://example.com","clicks":{"slug":"x"}}'],
    ['one that a later one takes back', '{"slug":"x","slug":null}'],
    ['one in a value', '{"destination":"https://example.com","title":"\\"slug\\":\\"x\\""}'],
  ])('has a key for a row whose slug is %s', async (_, row) => {
    const [batch] = await group(rowsOf(['{"slug":"y"}', row]));
    expect(batch?.idempotencyKey).toMatch(/^import-[0-9a-f]{64}$/);
    expect(await group(rowsOf(['{"slug":"y"}', row]))).toEqual([batch]);
  });

  test.each([
    ['is sent where the file cannot be read on', '{"slug":"z"}', [2, 1]],
    ['waits for the whole file where a row has no slug', '{}', [2]],
  ])('%s', async (_, last, expected) => {
    async function* torn() {
      yield* rowsOf(['{"slug":"x"}', '{"slug":"y"}', last]);
      throw new Error('torn');
    }
    const lengths: number[] = [];
    const all = async () => {
      for await (const { lines } of groupRows(torn(), 2)) lengths.push(lines.length);
    };
    await expect(all()).rejects.toThrow('torn');
    expect(lengths).toEqual(expected);
  });
});
