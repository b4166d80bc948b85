/** Every kind of expected error. `http/problem.ts` maps each to a status and a title. */
export type FailureKind =
  | 'malformed'
  | 'invalid_url'
  | 'invalid'
  | 'idempotency_mismatch'
  | 'unauthenticated'
  | 'forbidden'
  | 'not_found'
  | 'gone'
  | 'blocked'
  | 'method_not_allowed'
  | 'not_acceptable'
  | 'conflict'
  | 'precondition_failed'
  | 'too_large'
  | 'unsupported_media_type'
  | 'misdirected'
  | 'rate_limited'
  | 'unavailable'
  | 'not_replicated'
  | 'internal';

/** One broken rule of the input: a JSON pointer (RFC 6901), or a header or parameter name, and a sentence. */
export interface FieldError {
  readonly pointer: string;
  readonly detail: string;
}

/** What a failure may say besides its sentence. */
export interface FailureDetails {
  readonly errors?: readonly FieldError[];
  /** Seconds after which trying again makes sense. */
  readonly retryAfterS?: number;
  /** Methods the resource takes, for `method_not_allowed`. */
  readonly allow?: readonly string[];
}

/**
 * An expected error: what went wrong, in a sentence for people, with typed details.
 * The domain throws nothing else; everything that is not a `Failure` is a defect.
 */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly kind: FailureKind;
  readonly details: FailureDetails;

  constructor(kind: FailureKind, message: string, details: FailureDetails = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.kind = kind;
    this.details = details;
  }
}

/** A failure of kind `invalid` that names one field. */
export function invalidField(pointer: string, detail: string): Failure {
  return new Failure('invalid', detail, { errors: [{ pointer, detail }] });
}
