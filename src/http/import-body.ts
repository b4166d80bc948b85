import { createHash } from 'node:crypto';
import type { Request } from 'express';
import { Failure } from '../domain/failure.ts';
import { maxImportLinks } from '../domain/import-links.ts';
import { checkMediaType } from './body.ts';
import { linesMediaType } from './bulk-body.ts';
import type { ByteBudget } from './byte-budget.ts';
import { factsOf } from './request-facts.ts';

/** A body of links to import is no longer than this: the command line signs it as a whole. */
export const maxImportBytes = 8 * 2 ** 20;

/** A body of links to import. It is not parsed: the writer's thread does that. */
export interface ImportBody {
  /** As they came. */
  readonly chunks: readonly Uint8Array[];
  /** Lines, blank ones and one without an end too. */
  readonly lines: number;
}

/** Reads a body. Throws `unsupported_media_type`, `invalid` when it is empty, and `too_large`. */
export async function readImportBody(request: Request, budget: ByteBudget): Promise<ImportBody> {
  checkMediaType(request.get('Content-Type'), [linesMediaType]);
  if (Number(request.get('Content-Length') ?? 0) > maxImportBytes) throw bodyTooLarge();
  const chunks: Uint8Array[] = [];
  let length = 0;
  let lines = 1;
  for await (const chunk of chunksOf(request)) {
    length += chunk.length;
    if (length > maxImportBytes) throw bodyTooLarge();
    budget.take(chunk.length);
    chunks.push(chunk);
    lines += countLineFeeds(chunk);
    // One line feed may follow the last line.
    if (lines > maxImportLinks + 1) throw tooManyLinks();
  }
  if (length === 0) throw new Failure('invalid', 'The request has no links.');
  return { chunks, lines };
}

/** SHA-256 of the chunks, hex. */
export function hashChunks(chunks: readonly Uint8Array[]): string {
  const hash = createHash('sha256');
  for (const chunk of chunks) hash.update(chunk);
  return hash.digest('hex');
}

/** The chunks as one piece that can be given away. */
export function joinChunks(chunks: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(chunks.reduce((length, chunk) => length + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    joined.set(chunk, at);
    at += chunk.length;
  }
  return joined;
}

/** The body as it comes, or as it was signed. What is not read of it is left to the server, which reads it away. */
async function* chunksOf(request: Request): AsyncIterable<Uint8Array> {
  const { body } = factsOf(request);
  if (body !== undefined) yield body;
  else yield* request.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>;
}

function countLineFeeds(chunk: Uint8Array): number {
  let count = 0;
  for (let at = chunk.indexOf(0x0a); at >= 0; at = chunk.indexOf(0x0a, at + 1)) count += 1;
  return count;
}

function bodyTooLarge(): Failure {
  const detail = `The body is longer than ${maxImportBytes / 2 ** 20} MiB.`;
  return new Failure('too_large', detail, { errors: [{ pointer: '', detail }] });
}

function tooManyLinks(): Failure {
  const detail = `A request imports at most ${maxImportLinks} links.`;
  return new Failure('too_large', detail, { errors: [{ pointer: '', detail }] });
}
