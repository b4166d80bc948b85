import { Failure } from '../domain/failure.ts';
import { RowBuffer } from './row-buffer.ts';

/** Cuts a body into rows as it comes, so that no more than a row of it is parsed at once. */
export interface RowSplitter {
  /** The rows that end in `chunk`, in UTF-8 and not looked at. Throws `malformed`, `invalid` or `too_large`. */
  split(chunk: Uint8Array): Iterable<Uint8Array>;
  /** What is left when the body ends. Throws `malformed` when it breaks off. */
  end(): Iterable<Uint8Array>;
}

const lineFeed = 0x0a;

/** Lines of a body of one link a line (ndjson.org). Lines of nothing but white space are none. */
export class LineSplitter implements RowSplitter {
  readonly #line = new RowBuffer();

  *split(chunk: Uint8Array): Iterable<Uint8Array> {
    let from = 0;
    for (let at = chunk.indexOf(lineFeed); at >= 0; at = chunk.indexOf(lineFeed, from)) {
      this.#line.add(chunk.subarray(from, at));
      from = at + 1;
      yield* this.#take();
    }
    this.#line.add(chunk.subarray(from));
  }

  end(): Iterable<Uint8Array> {
    return this.#take();
  }

  *#take(): Iterable<Uint8Array> {
    const line = this.#line.take();
    if (!isBlank(line)) yield line;
  }
}

const sign = {
  quote: 0x22,
  comma: 0x2c,
  colon: 0x3a,
  openArray: 0x5b,
  backslash: 0x5c,
  closeArray: 0x5d,
  openObject: 0x7b,
  closeObject: 0x7d,
} as const;

/** Where a body of the form `{"links": [ … ]}` is. */
type Place = 'start' | 'name' | 'in name' | 'colon' | 'array' | 'row' | 'close' | 'end';

/**
 * The elements of the one member of `{"links": [ … ]}`. It looks for brackets and quotation marks alone; whether an
 * element is JSON shows when it is parsed.
 */
export class ArraySplitter implements RowSplitter {
  readonly #row = new RowBuffer();
  #place: Place = 'start';
  #depth = 0;
  #isInString = false;
  #isEscaped = false;
  #rows = 0;

  *split(chunk: Uint8Array): Iterable<Uint8Array> {
    let at = 0;
    while (at < chunk.length) {
      if (this.#place === 'row') {
        const end = this.#findRowEnd(chunk, at);
        this.#row.add(chunk.subarray(at, end));
        at = end + 1;
        if (end < chunk.length) yield* this.#endRow(chunk[end] === sign.closeArray);
      } else if (this.#place === 'in name') {
        const end = this.#findStringEnd(chunk, at);
        this.#row.add(chunk.subarray(at, end));
        at = end;
        if (!this.#isInString) this.#endName();
      } else {
        this.#step(chunk[at] ?? 0, chunk.subarray(at, at + 1));
        at += 1;
      }
    }
  }

  end(): Iterable<Uint8Array> {
    if (this.#place !== 'end') throw malformed('The body is not whole JSON: it breaks off.');
    return [];
  }

  /** One sign between the parts of the frame. */
  #step(byte: number, itself: Uint8Array): void {
    if (isSpace(byte)) return;
    switch (this.#place) {
      case 'start':
        if (byte !== sign.openObject) throw notTheFrame();
        this.#place = 'name';
        return;
      case 'name':
        if (byte === sign.closeObject) throw notTheFrame();
        if (byte !== sign.quote) throw malformed('The body is not JSON.');
        this.#row.add(itself);
        this.#isInString = true;
        this.#place = 'in name';
        return;
      case 'colon':
        if (byte !== sign.colon) throw malformed('The body is not JSON.');
        this.#place = 'array';
        return;
      case 'array':
        if (byte !== sign.openArray) throw notTheFrame();
        this.#place = 'row';
        return;
      case 'close':
        if (byte === sign.comma) throw notTheFrame();
        if (byte !== sign.closeObject) throw malformed('The body is not JSON.');
        this.#place = 'end';
        return;
      default:
        throw malformed('The body goes on after its JSON has ended.');
    }
  }

  #endName(): void {
    const text = Buffer.from(this.#row.take()).toString();
    if (!isNameOfRows(text)) throw notTheFrame();
    this.#place = 'colon';
  }

  *#endRow(isLast: boolean): Iterable<Uint8Array> {
    const row = this.#row.take();
    if (isLast) this.#place = 'close';
    // An array of nothing has no elements; everywhere else nothing is not JSON, which its parser says.
    if (isLast && this.#rows === 0 && isBlank(row)) return;
    this.#rows += 1;
    yield row;
  }

  /** The index of the comma or bracket that ends the row; the chunk's length when it goes on. */
  #findRowEnd(chunk: Uint8Array, from: number): number {
    for (let at = from; at < chunk.length; at += 1) {
      if (this.#isInString) {
        at = this.#findStringEnd(chunk, at) - 1;
        continue;
      }
      switch (chunk[at]) {
        case sign.quote:
          this.#isInString = true;
          break;
        case sign.openObject:
        case sign.openArray:
          this.#depth += 1;
          break;
        case sign.comma:
          if (this.#depth === 0) return at;
          break;
        case sign.closeArray:
          if (this.#depth === 0) return at;
          this.#depth -= 1;
          break;
        case sign.closeObject:
          if (this.#depth === 0) throw malformed(`The body is not JSON.`, `/links/${this.#rows}`);
          this.#depth -= 1;
          break;
        default:
      }
    }
    return chunk.length;
  }

  /** The index behind the quotation mark that ends the string; the chunk's length when it goes on. */
  #findStringEnd(chunk: Uint8Array, from: number): number {
    for (let at = from; at < chunk.length; at += 1) {
      if (this.#isEscaped) this.#isEscaped = false;
      else if (chunk[at] === sign.backslash) this.#isEscaped = true;
      else if (chunk[at] === sign.quote) {
        this.#isInString = false;
        return at + 1;
      }
    }
    return chunk.length;
  }
}

function isNameOfRows(text: string): boolean {
  try {
    return JSON.parse(text) === 'links';
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return false;
  }
}

/** White space of JSON (RFC 8259 section 2). */
function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

function isBlank(row: Uint8Array): boolean {
  return row.every(isSpace);
}

function malformed(detail: string, pointer = ''): Failure {
  return new Failure('malformed', detail, { errors: [{ pointer, detail }] });
}

function notTheFrame(): Failure {
  const detail = 'The body is an object with one member, "links", which is an array.';
  return new Failure('invalid', detail, { errors: [{ pointer: '/links', detail }] });
}
