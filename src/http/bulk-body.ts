import { createHash } from 'node:crypto';
import type { Request } from 'express';
import type { z } from 'zod';
import { type BulkRow, maxBulkLinks, type RowFailure, toRowFailure } from '../domain/bulk-links.ts';
import { Failure } from '../domain/failure.ts';
import { itemsPerPiece, type Pieces, packPiece } from '../domain/pieces.ts';
import { checkMediaType, decodeUtf8 } from './body.ts';
import type { ByteBudget } from './byte-budget.ts';
import { parseJson } from './json-body.ts';
import { newLinkSchema } from './link-json.ts';
import { parseInput } from './parse-input.ts';
import { factsOf } from './request-facts.ts';
import { ArraySplitter, LineSplitter } from './row-splitter.ts';
import { TurnSlices } from './turn-slices.ts';

/** The media type of one JSON text a line. */
export const linesMediaType = 'application/x-ndjson';

/** A body of many links is no longer than this. */
export const maxBulkBytes = 8 * 2 ** 20;

/** A row that says what no link can be. */
export interface BadRow {
  readonly index: number;
  readonly failure: RowFailure;
}

/** What a body of many links holds. */
export interface BulkBody {
  /** Of `BulkRow`: those that the schema accepts. */
  readonly rows: Pieces;
  /** The others, in their order. */
  readonly badRows: readonly BadRow[];
  readonly count: number;
  /** As they came. */
  readonly bytes: readonly Uint8Array[];
  /** SHA-256 of its bytes, hex. */
  readonly hash: string;
}

/**
 * Reads and parses a body of many links as it comes, in slices of a millisecond. A line that is not JSON is a bad row; in
 * an array it makes the whole body malformed, because nobody knows where the next row begins.
 * Throws `malformed`, `invalid`, `too_large`, `unsupported_media_type`, and `unavailable` when too many bodies are being
 * read.
 */
export async function readBulkBody(request: Request, budget: ByteBudget): Promise<BulkBody> {
  const mediaTypes = ['application/json', linesMediaType];
  const isLines = checkMediaType(request.get('Content-Type'), mediaTypes) === linesMediaType;
  checkEncoding(request.get('Content-Encoding'));
  if (Number(request.get('Content-Length') ?? 0) > maxBulkBytes) throw bodyTooLarge();
  const splitter = isLines ? new LineSplitter() : new ArraySplitter();
  const rows = new RowCollector(isLines);
  const slices = new TurnSlices();
  const hash = createHash('sha256');
  const bytes: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunksOf(request)) {
    length += chunk.length;
    if (length > maxBulkBytes) throw bodyTooLarge();
    budget.take(chunk.length);
    bytes.push(chunk);
    hash.update(chunk);
    for (const row of splitter.split(chunk)) {
      rows.add(row);
      await slices.pause();
    }
  }
  for (const row of splitter.end()) rows.add(row);
  return { ...rows.end(), bytes, hash: hash.digest('hex') };
}

/** The body as it comes, or as it was signed. What is not read of it is left to the server, which reads it away. */
async function* chunksOf(request: Request): AsyncIterable<Uint8Array> {
  const { body } = factsOf(request);
  if (body !== undefined) yield body;
  else yield* request.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>;
}

/** Parses rows and keeps them in pieces. */
class RowCollector {
  readonly #isLines: boolean;
  readonly #pieces: Uint8Array<ArrayBuffer>[] = [];
  readonly #badRows: BadRow[] = [];
  #piece: BulkRow[] = [];
  #count = 0;

  constructor(isLines: boolean) {
    this.#isLines = isLines;
  }

  add(row: Uint8Array): void {
    const index = this.#count;
    this.#count += 1;
    if (this.#count > maxBulkLinks) throw tooManyLinks();
    const parsed = this.#parse(row, index);
    if ('failure' in parsed) {
      this.#badRows.push(parsed);
      return;
    }
    this.#piece.push(parsed);
    if (this.#piece.length === itemsPerPiece) this.#endPiece();
  }

  end(): Pick<BulkBody, 'rows' | 'badRows' | 'count'> {
    if (this.#count === 0) {
      const detail = 'The request has no links.';
      throw new Failure('invalid', detail, { errors: [{ pointer: '/links', detail }] });
    }
    this.#endPiece();
    return { rows: this.#pieces, badRows: this.#badRows, count: this.#count };
  }

  #endPiece(): void {
    if (this.#piece.length > 0) this.#pieces.push(packPiece(this.#piece));
    this.#piece = [];
  }

  #parse(row: Uint8Array, index: number): BulkRow | BadRow {
    try {
      const value = parseJson(decodeUtf8(row));
      const link: z.output<typeof newLinkSchema> = parseInput(newLinkSchema, value, 'pointer');
      return { index, link };
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      if (error.kind === 'malformed' && !this.#isLines) throw malformedAt(index, error);
      return { index, failure: toRowFailure(error) };
    }
  }
}

function malformedAt(index: number, { message, details }: Failure): Failure {
  const errors = (details.errors ?? []).map((error) => ({
    ...error,
    pointer: `/links/${index}${error.pointer}`,
  }));
  return new Failure('malformed', message, { errors });
}

function checkEncoding(encoding: string | undefined): void {
  if (encoding === undefined || encoding.toLowerCase() === 'identity') return;
  const detail = 'The body must be sent without a Content-Encoding.';
  throw new Failure('unsupported_media_type', detail, {
    errors: [{ pointer: 'Content-Encoding', detail }],
  });
}

function bodyTooLarge(): Failure {
  const detail = `The body is longer than ${maxBulkBytes / 2 ** 20} MiB.`;
  return new Failure('too_large', detail, { errors: [{ pointer: '', detail }] });
}

function tooManyLinks(): Failure {
  const detail = `A request makes at most ${maxBulkLinks} links.`;
  return new Failure('too_large', detail, { errors: [{ pointer: '/links', detail }] });
}
