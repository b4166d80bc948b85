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
});
