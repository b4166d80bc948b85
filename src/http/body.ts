import { MIMEType } from 'node:util';
import express, { type RequestHandler } from 'express';
import { Failure } from '../domain/failure.ts';
import { parseFormFields } from './form-fields.ts';
import { parseJson } from './json-body.ts';
import { factsOf } from './request-facts.ts';

/** No body of a client is longer than this. */
export const maxBodyBytes = 65_536;

/** The media type of a form that a page sends. */
export const formMediaType = 'application/x-www-form-urlencoded';

/**
 * Reads the whole body as it came and keeps it with the request's facts: a request that turns out to need
 * the primary after all goes there with the same bytes. For that reason nothing is decompressed.
 * Throws `too_large`, and `unsupported_media_type` for a `Content-Encoding`.
 */
export function createBodyReader(maxBytes = maxBodyBytes): RequestHandler {
  const read = express.raw({ type: () => true, limit: maxBytes, inflate: false });
  return (request, response, next) => {
    // The private port has read what an operator signed.
    if (factsOf(request).body !== undefined) return next();
    read(request, response, (error?: unknown) => {
      if (Buffer.isBuffer(request.body)) factsOf(request).body = request.body;
      next(error);
    });
  };
}

/**
 * Parses a body by its media type, which must be one of `mediaTypes`.
 * Throws `unsupported_media_type` or `malformed`.
 */
export function parseBody(
  body: Buffer | undefined,
  contentType: string | undefined,
  mediaTypes: readonly string[],
): unknown {
  if (body === undefined || body.length === 0) {
    const detail = 'The request has no body.';
    throw new Failure('malformed', detail, { errors: [{ pointer: '', detail }] });
  }
  const mediaType = checkMediaType(contentType, mediaTypes);
  const text = decodeUtf8(body);
  return mediaType === formMediaType ? parseFormFields(text) : parseJson(text);
}

/** The media type of a body, which must be one of `mediaTypes`, in UTF-8. Throws `unsupported_media_type`. */
export function checkMediaType(
  contentType: string | undefined,
  mediaTypes: readonly string[],
): string {
  const type = parseMediaType(contentType);
  if (type === undefined || !mediaTypes.includes(type.essence)) {
    throw unsupported(`The Content-Type must be ${mediaTypes.join(' or ')}.`);
  }
  const charset = type.params.get('charset');
  if (charset !== null && charset.toLowerCase() !== 'utf-8') {
    throw unsupported('The charset of the Content-Type must be utf-8.');
  }
  return type.essence;
}

function parseMediaType(contentType: string | undefined): MIMEType | undefined {
  if (contentType === undefined) return undefined;
  try {
    return new MIMEType(contentType);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_INVALID_MIME_SYNTAX') throw error;
    return undefined;
  }
}

function unsupported(detail: string): Failure {
  return new Failure('unsupported_media_type', detail, {
    errors: [{ pointer: 'Content-Type', detail }],
  });
}

/**
 * The text of a body. Throws `malformed`. A byte order mark is kept, and so refused as JSON: RFC 8259 section 8.1 forbids to
 * send one.
 */
export function decodeUtf8(body: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_ENCODING_INVALID_ENCODED_DATA') throw error;
    const detail = 'The body is not UTF-8.';
    throw new Failure('malformed', detail, { errors: [{ pointer: '', detail }] });
  }
}
