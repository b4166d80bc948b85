import { Failure, type FailureKind } from '../domain/failure.ts';
import { maxBodyBytes } from './body.ts';

/** What Express and its parsers throw: an HTTP status, and a type for what a body parser met. */
interface HttpError {
  readonly status: number;
  readonly type?: string;
  /** How many bytes a body may have, with `entity.too.large`. */
  readonly limit?: number;
}

/** Kinds of body-parser's errors by their type (body-parser README, "Errors"). */
const bodyErrors: Readonly<Record<string, readonly [FailureKind, string, pointer: string]>> = {
  'encoding.unsupported': [
    'unsupported_media_type',
    'The body must be sent without a Content-Encoding.',
    'Content-Encoding',
  ],
  'request.size.invalid': [
    'malformed',
    'The body is not as long as Content-Length says.',
    'Content-Length',
  ],
  'request.aborted': ['malformed', 'The body broke off.', ''],
};

/**
 * The failure behind anything that was thrown, by class and code, never by message: `internal` is whatever
 * nobody foresaw, with the error as its cause.
 */
export function toFailure(error: unknown): Failure {
  if (error instanceof Failure) return error;
  if (isHttpError(error)) {
    if (error.type === 'entity.too.large') return tooLarge(error);
    const [kind, detail, pointer] = bodyErrors[error.type ?? ''] ?? [];
    if (kind !== undefined && detail !== undefined && pointer !== undefined) {
      return new Failure(kind, detail, { errors: [{ pointer, detail }] }, error);
    }
    // The router says 400 to bad percent-encoding in a path; static files say 400, 403 and 404.
    if (error.status === 400)
      return new Failure('malformed', 'The path cannot be decoded.', {}, error);
    if (error.status === 403 || error.status === 404) return notFound();
  }
  return new Failure('internal', 'Something went wrong on our side.', {}, error);
}

function tooLarge(error: HttpError): Failure {
  const detail = `The body is longer than ${(error.limit ?? maxBodyBytes) / 1024} KiB.`;
  return new Failure('too_large', detail, { errors: [{ pointer: '', detail }] }, error);
}

/**
 * The failure for a path that leads nowhere. It has the words of an unknown slug, so that the public port does
 * not tell which paths another port may have (RFC 9110 section 15.5.5 allows that).
 */
export function notFound(): Failure {
  return new Failure('not_found', 'There is no link at this address.');
}

function isHttpError(error: unknown): error is HttpError {
  return error instanceof Error && 'status' in error && typeof error.status === 'number';
}
