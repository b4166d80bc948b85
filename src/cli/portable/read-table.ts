import { isUtf8 } from 'node:buffer';
import { CsvError, type Info, parse } from 'csv-parse/sync';
import { Refusal } from '../refusal.ts';
import { withoutMark } from './read-lines.ts';

/** A row of a table, the line of names too. */
export interface TableRow {
  /** Of its first line, from 1 on. */
  readonly line: number;
  readonly cells: readonly string[];
  readonly isUtf8: boolean;
}

const lineFeed = 0x0a;
const quote = 0x22;
/** Where a quotation mark is not closed, all that follows is one cell. */
const longestRow = 2 ** 20;

/**
 * The rows of a table (RFC 4180, in UTF-8), with any line ends. What separates cells is a comma, a semicolon or a tab, whichever the
 * line of names has most of. Throws a `Refusal` that names the line where it is no table: nobody knows where the next row
 * begins.
 */
export async function* readTable(chunks: AsyncIterable<Buffer>): AsyncGenerator<TableRow> {
  let delimiter: string | undefined;
  let line = 1;
  for await (const block of wholeRows(chunks)) {
    delimiter ??= findDelimiter(block);
    yield* parseBlock(block, delimiter, line);
    line += countLineFeeds(block, 0, block.length);
  }
}

/** Cuts a file behind rows, so that each block is a table of its own. */
async function* wholeRows(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0);
  let line = 1;
  let isFirst = true;
  for await (const chunk of chunks) {
    let bytes: Buffer = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    if (isFirst) bytes = withoutMark(bytes);
    const end = findEndOfRows(bytes);
    rest = bytes.subarray(end);
    if (rest.length > longestRow) {
      throw new Refusal(
        `the row that begins in line ${line + countLineFeeds(bytes, 0, end)} has no end: a quotation mark is not closed`,
      );
    }
    if (end === 0) continue;
    isFirst = false;
    line += countLineFeeds(bytes, 0, end);
    yield bytes.subarray(0, end);
  }
  if (rest.length > 0) yield rest;
}

/** Behind the last line feed that is in no quoted cell: before it there is an even number of quotation marks. */
function findEndOfRows(bytes: Buffer): number {
  let at = bytes.lastIndexOf(lineFeed);
  let quotes = at < 0 ? 0 : count(bytes, quote, 0, at);
  while (at >= 0 && quotes % 2 !== 0) {
    const opening = bytes.lastIndexOf(quote, at);
    const before = opening <= 0 ? -1 : bytes.lastIndexOf(lineFeed, opening);
    if (before >= 0) quotes -= count(bytes, quote, before, at);
    at = before;
  }
  return at + 1;
}

function parseBlock(block: Buffer, delimiter: string, firstLine: number): TableRow[] {
  const isWhole = isUtf8(block);
  let at = 0;
  let line = firstLine;
  return parseRecords(block, delimiter, firstLine).map(({ record, info }) => {
    const bytes = block.subarray(at, info.bytes);
    at = info.bytes;
    const next = line + countLineFeeds(bytes, 0, bytes.length);
    // Blank lines before the row are not of it; line feeds in its cells are.
    const own = record.reduce((sum, cell) => sum + cell.split('\n').length - 1, 0);
    const hasEnd = bytes.at(-1) === lineFeed;
    const begin = next - own - (hasEnd ? 1 : 0);
    line = next;
    return { line: begin, cells: record, isUtf8: isWhole || isUtf8(bytes) };
  });
}

type Parsed = { readonly record: string[]; readonly info: Info };

function parseRecords(block: Buffer, delimiter: string, firstLine: number): Parsed[] {
  try {
    return parse(block, {
      delimiter,
      info: true,
      record_delimiter: ['\r\n', '\n'],
      relax_column_count: true,
      skip_empty_lines: true,
    }) as unknown as Parsed[];
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const line = firstLine - 1 + Number(error.lines ?? 1);
    const what = /quote/i.test(error.code) ? 'a quotation mark is out of place' : error.message;
    throw new Refusal(`line ${line} is no row of a table: ${what}`, { cause: error });
  }
}

function findDelimiter(block: Buffer): string {
  const end = block.indexOf(lineFeed);
  const names = block.subarray(0, end < 0 ? block.length : end);
  const counts = [',', ';', '\t'].map(
    (sign) => [sign, count(names, sign.charCodeAt(0), 0, names.length)] as const,
  );
  return counts.reduce((most, next) => (next[1] > most[1] ? next : most))[0];
}

function countLineFeeds(bytes: Uint8Array, from: number, to: number): number {
  return count(bytes, lineFeed, from, to);
}

function count(bytes: Uint8Array, sign: number, from: number, to: number): number {
  let found = 0;
  for (let at = bytes.indexOf(sign, from); at >= 0 && at < to; at = bytes.indexOf(sign, at + 1)) {
    found += 1;
  }
  return found;
}
