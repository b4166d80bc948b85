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
const carriageReturn = 0x0d;
const quote = 0x22;
/** Longer than any row that the API takes. Where a quotation mark is not closed, all that follows is one cell. */
const longestRow = 2 ** 20;

/**
 * The rows of a table (RFC 4180, in UTF-8), with the line ends of its line of names: a line feed, with or without a
 * carriage return, or that alone. What separates cells is a comma, a semicolon or a tab, whichever the
 * line of names has most of. Throws a `Refusal` that names the line where it is no table: nobody knows where the next row
 * begins.
 */
export async function* readTable(chunks: AsyncIterable<Buffer>): AsyncGenerator<TableRow> {
  let delimiter: string | undefined;
  let line = 1;
  for await (const { bytes, lineEnd } of wholeRows(chunks)) {
    delimiter ??= findDelimiter(bytes, lineEnd);
    yield* parseBlock(bytes, { delimiter, lineEnd }, line);
    line += count(bytes, lineEnd, 0, bytes.length);
  }
}

/** Rows, each with its end. */
interface Block {
  readonly bytes: Buffer;
  /** The last byte of what ends a line. */
  readonly lineEnd: number;
}

interface Signs {
  readonly delimiter: string;
  readonly lineEnd: number;
}

/** Cuts a file behind rows, so that each block is a table of its own. */
async function* wholeRows(chunks: AsyncIterable<Buffer>): AsyncGenerator<Block> {
  let rest: Buffer = Buffer.alloc(0);
  let lineEnd: number | undefined;
  let line = 1;
  let isFirst = true;
  for await (const chunk of chunks) {
    let bytes: Buffer = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    if (isFirst) bytes = withoutMark(bytes);
    lineEnd ??= findLineEnd(bytes);
    const end = lineEnd === undefined ? 0 : findEndOfRows(bytes, lineEnd);
    rest = bytes.subarray(end);
    if (end > 0 && lineEnd !== undefined) {
      isFirst = false;
      line += count(bytes, lineEnd, 0, end);
      yield { bytes: bytes.subarray(0, end), lineEnd };
    }
    if (rest.length > longestRow) throw tooLong(rest, line);
  }
  if (rest.length > 0) yield { bytes: rest, lineEnd: lineEnd ?? lineFeed };
}

function tooLong(row: Buffer, line: number): Refusal {
  const isQuoted = count(row, quote, 0, row.length) % 2 !== 0;
  const why = isQuoted ? ', or a quotation mark is not closed' : '';
  return new Refusal(`the row that begins in line ${line} is longer than any link is${why}`);
}

/** What ends the first line: `undefined` where that cannot be told from the beginning of a file. */
function findLineEnd(bytes: Buffer): number | undefined {
  let isQuoted = false;
  for (const [at, byte] of bytes.entries()) {
    if (byte === quote) isQuoted = !isQuoted;
    if (isQuoted || (byte !== lineFeed && byte !== carriageReturn)) continue;
    if (byte === lineFeed) return lineFeed;
    const next = bytes.subarray(at).find((each) => each !== carriageReturn);
    if (next === undefined) return undefined;
    return next === lineFeed ? lineFeed : carriageReturn;
  }
  return undefined;
}

/** Behind the last line end that is in no quoted cell: before it there is an even number of quotation marks. */
function findEndOfRows(bytes: Buffer, lineEnd: number): number {
  let at = bytes.lastIndexOf(lineEnd);
  let quotes = at < 0 ? 0 : count(bytes, quote, 0, at);
  while (at >= 0 && quotes % 2 !== 0) {
    const opening = bytes.lastIndexOf(quote, at);
    const before = opening <= 0 ? -1 : bytes.lastIndexOf(lineEnd, opening);
    if (before >= 0) quotes -= count(bytes, quote, before, at);
    at = before;
  }
  return at + 1;
}

function parseBlock(block: Buffer, signs: Signs, firstLine: number): TableRow[] {
  const { lineEnd } = signs;
  const endSign = String.fromCharCode(lineEnd);
  const isWhole = isUtf8(block);
  let at = 0;
  let line = firstLine;
  return parseRecords(block, signs, firstLine).map(({ record, info: { bytes: end } }) => {
    const ends = count(block, lineEnd, at, end);
    const others = block[end - 1] === lineEnd ? ends - 1 : ends;
    // Blank lines before the row are not of it; line ends in its cells are.
    const blank = others === 0 ? 0 : others - countIn(record, endSign);
    const row = {
      line: line + blank,
      cells: record,
      isUtf8: isWhole || isUtf8(block.subarray(at, end)),
    };
    at = end;
    line += ends;
    return row;
  });
}

function countIn(cells: readonly string[], sign: string): number {
  return cells.reduce((sum, cell) => sum + cell.split(sign).length - 1, 0);
}

type Parsed = { readonly record: string[]; readonly info: Info };

function parseRecords(block: Buffer, { delimiter, lineEnd }: Signs, firstLine: number): Parsed[] {
  try {
    return parse(block, {
      delimiter,
      info: true,
      record_delimiter: lineEnd === lineFeed ? ['\r\n', '\n'] : ['\r'],
      relax_column_count: true,
      skip_empty_lines: true,
    }) as unknown as Parsed[];
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    if (error.code === 'CSV_QUOTE_NOT_CLOSED') {
      // Whole rows are in earlier blocks.
      const why = `the row that begins in line ${firstLine} has a quotation mark that is not closed`;
      throw new Refusal(why, { cause: error });
    }
    const line = firstLine - 1 + Number(error.lines ?? 1);
    const what = /quote/i.test(error.code) ? 'a quotation mark is out of place' : error.message;
    throw new Refusal(`line ${line} is no row of a table: ${what}`, { cause: error });
  }
}

function findDelimiter(block: Buffer, lineEnd: number): string {
  const end = block.indexOf(lineEnd);
  const names = block.subarray(0, end < 0 ? block.length : end);
  const counts = [',', ';', '\t'].map(
    (sign) => [sign, count(names, sign.charCodeAt(0), 0, names.length)] as const,
  );
  return counts.reduce((most, next) => (next[1] > most[1] ? next : most))[0];
}

function count(bytes: Uint8Array, sign: number, from: number, to: number): number {
  let found = 0;
  for (let at = bytes.indexOf(sign, from); at >= 0 && at < to; at = bytes.indexOf(sign, at + 1)) {
    found += 1;
  }
  return found;
}
