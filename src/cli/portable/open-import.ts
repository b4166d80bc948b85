import { createReadStream } from 'node:fs';
import type { Context } from '../context.ts';
import { Refusal } from '../refusal.ts';
import type { RowSource, SourceRow } from './import-row-source.ts';
import { readLines } from './read-lines.ts';

/** How a file is to be read. */
export interface ImportFileOptions {
  readonly format?: 'jsonl' | 'csv';
}

/** Opens a file to import, or stdin for `-`. Its rows reject with a `Refusal` when it cannot be read. */
export function openImportFile(
  file: string,
  _options: ImportFileOptions,
  { input }: Pick<Context, 'input'>,
): RowSource {
  const chunks = file === '-' ? (input() as AsyncIterable<Buffer>) : readFile(file);
  return { rows: toLinks(chunks), nameOf: (field) => field };
}

async function* toLinks(chunks: AsyncIterable<Buffer>): AsyncGenerator<SourceRow> {
  for await (const { number, bytes } of readLines(chunks)) yield { line: number, content: bytes };
}

async function* readFile(file: string): AsyncGenerator<Buffer> {
  try {
    yield* createReadStream(file, { highWaterMark: 262_144 }) as AsyncIterable<Buffer>;
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
    throw new Refusal(`${file} cannot be read (${error.code})`);
  }
}
