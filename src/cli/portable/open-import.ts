import { createReadStream } from 'node:fs';
import type { Context } from '../context.ts';
import { counted } from '../counted.ts';
import { fileRefusal } from '../file-refusal.ts';
import { printable } from '../printable.ts';
import { Refusal } from '../refusal.ts';
import { expectOnce, quoteNames } from './column-names.ts';
import { isLink, toLink } from './foreign-record.ts';
import type { RowFault, RowSource, SourceRow } from './import-row-source.ts';
import { linkColumns } from './link-columns.ts';
import { createOwnTable } from './own-table.ts';
import { readLines } from './read-lines.ts';
import { readTable } from './read-table.ts';
import { type Shortener, type ShortenerName, shorteners } from './shorteners.ts';

/** How a file is to be read. */
export interface ImportFileOptions {
  readonly format?: 'jsonl' | 'csv';
  readonly from?: ShortenerName;
  readonly columns?: Shortener;
}

const notUtf8: RowFault = { field: '', detail: 'The row is not UTF-8.' };

/**
 * Opens a file to import, or stdin for `-`. Its rows reject with a `Refusal` when it cannot be read. `say` hears which
 * columns are not taken.
 */
export function openImportFile(
  file: string,
  { format, from, columns }: ImportFileOptions,
  { input }: Pick<Context, 'input'>,
  say: (line: string) => void,
): RowSource {
  const chunks = file === '-' ? (input() as AsyncIterable<Buffer>) : readFile(file);
  const shortener = columns ?? (from && shorteners[from]);
  const isTable = (format ?? (/\.csv$/i.test(file) ? 'csv' : 'jsonl')) === 'csv';
  if (isTable) return openTable(chunks, shortener, say);
  return shortener === undefined
    ? { rows: toOwnLines(chunks), nameOf: (field) => field }
    : { rows: toForeignLines(chunks, shortener), nameOf: (field) => firstName(shortener, field) };
}

/** Lines of an own export go to the node as they are. */
async function* toOwnLines(chunks: AsyncIterable<Buffer>): AsyncGenerator<SourceRow> {
  for await (const { number, bytes } of readLines(chunks)) yield { line: number, content: bytes };
}

async function* toForeignLines(
  chunks: AsyncIterable<Buffer>,
  shortener: Shortener,
): AsyncGenerator<SourceRow> {
  for await (const { number, bytes } of readLines(chunks)) {
    const record = parseRecord(bytes);
    const made = record === undefined ? notAnObject : toLink(record, shortener);
    yield { line: number, ...toRow(made) };
  }
}

type RowContent = Pick<SourceRow, 'content' | 'hasSlug'>;

function toRow(made: Readonly<Record<string, unknown>> | RowFault): RowContent {
  if (!isLink(made)) return { content: made };
  return { content: JSON.stringify(made), hasSlug: typeof made.slug === 'string' };
}

const notAnObject: RowFault = { field: '', detail: 'The line is not a JSON object.' };

function parseRecord(bytes: Buffer): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

function openTable(
  chunks: AsyncIterable<Buffer>,
  shortener: Shortener | undefined,
  say: (line: string) => void,
): RowSource {
  let nameOf = (field: string) => linkColumns.find(([, name]) => name === field)?.[0] ?? field;
  if (shortener !== undefined) nameOf = (field) => firstName(shortener, field);
  return { rows: toTableRows(chunks, shortener, say), nameOf };
}

async function* toTableRows(
  chunks: AsyncIterable<Buffer>,
  shortener: Shortener | undefined,
  say: (line: string) => void,
): AsyncGenerator<SourceRow> {
  let names: readonly string[] | undefined;
  let toContent: ((cells: readonly string[]) => RowContent) | undefined;
  for await (const { line, cells, isUtf8 } of readTable(chunks)) {
    if (names === undefined || toContent === undefined) {
      names = cells.map((cell) => cell.trim());
      toContent =
        shortener === undefined ? ownContents(names) : foreignContents(names, shortener, say);
    } else if (!isUtf8) {
      yield { line, content: notUtf8 };
    } else if (cells.length !== names.length) {
      const detail = `The row has ${counted(cells.length, 'cell')}, and the line of names ${names.length}.`;
      yield { line, content: { field: '', detail } };
    } else {
      yield { line, ...toContent(cells) };
    }
  }
  if (names === undefined) throw new Refusal('the table is empty: it has no line of names');
}

function ownContents(names: readonly string[]) {
  const toOwnLink = createOwnTable(names);
  return (cells: readonly string[]) => toRow(toOwnLink(cells));
}

function foreignContents(
  names: readonly string[],
  shortener: Shortener,
  say: (line: string) => void,
) {
  const taken = new Set(Object.values(shortener.fields).flat());
  if (!names.some((name) => shortener.fields.destination?.includes(name))) {
    throw new Refusal(
      `there is no column "${shortener.fields.destination?.join('" or "')}"; there are ${quoteNames(names)}`,
    );
  }
  expectOnce(names.filter((name) => taken.has(name)));
  const left = names.filter((name) => !taken.has(name) && !(name in shortener.refused));
  if (left.length > 0) say(`not taken over: ${printable(left.join(', '))}`);
  return (cells: readonly string[]) => {
    const record = Object.fromEntries(names.map((name, index) => [name, cells[index]]));
    return toRow(toLink(record, shortener));
  };
}

function firstName({ fields }: Shortener, field: string): string {
  return (fields as Readonly<Record<string, readonly string[]>>)[field]?.[0] ?? field;
}

async function* readFile(file: string): AsyncGenerator<Buffer> {
  try {
    yield* createReadStream(file, { highWaterMark: 262_144 }) as AsyncIterable<Buffer>;
  } catch (error) {
    throw fileRefusal(file, 'read', error);
  }
}
