import { Refusal } from '../refusal.ts';

/** A line of a file, without its end. */
export interface TextLine {
  /** From 1 on. */
  readonly number: number;
  readonly bytes: Buffer;
}

const lineFeed = 0x0a;
/** Longer than any row that the API takes. */
const longestLine = 2 ** 20;
const byteOrderMark = Buffer.from([0xef, 0xbb, 0xbf]);

/**
 * The lines of a file that are not blank. Throws a `Refusal` at one that is too long to be a row, and for a file that has no
 * rows by its first one.
 */
export async function* readLines(chunks: AsyncIterable<Buffer>): AsyncGenerator<TextLine> {
  let rest: Buffer = Buffer.alloc(0);
  let number = 1;
  for await (const chunk of chunks) {
    let bytes: Buffer = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    if (number === 1) bytes = withoutMark(bytes);
    let from = 0;
    for (let at = bytes.indexOf(lineFeed); at >= 0; at = bytes.indexOf(lineFeed, from)) {
      const line = bytes.subarray(from, at);
      if (!isBlank(line)) {
        if (number === 1) expectNoArray(line);
        yield { number, bytes: line };
      }
      number += 1;
      from = at + 1;
    }
    rest = bytes.subarray(from);
    if (rest.length > longestLine) throw new Refusal(`line ${number} is longer than any link is`);
  }
  if (isBlank(rest)) return;
  if (number === 1) expectNoArray(rest);
  yield { number, bytes: rest };
}

/** Its lines would all fail, and none of them would say why. */
function expectNoArray(line: Buffer): void {
  if (!line.toString().trimStart().startsWith('[')) return;
  throw new Refusal(
    'the file is an array of JSON; it has to have an object a line, as jq -c ".[]" makes it',
  );
}

/** The beginning of a file without its byte order mark. Throws a `Refusal` for one of UTF-16, which may have no mark. */
export function withoutMark(bytes: Buffer): Buffer {
  const [first, second] = bytes;
  const isMarked = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
  if (isMarked || (second !== undefined && (first === 0 || second === 0))) {
    throw new Refusal(
      'the file is UTF-16, or no text; save it as UTF-8, such as "CSV UTF-8" in Excel',
    );
  }
  return bytes.indexOf(byteOrderMark) === 0 ? bytes.subarray(byteOrderMark.length) : bytes;
}

function isBlank(line: Buffer): boolean {
  return line.every((byte) => byte === 0x20 || byte === 0x0d || byte === 0x09);
}
