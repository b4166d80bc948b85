import type { Failure, FailureKind, FieldError } from '../domain/failure.ts';

/** What every problem of a kind has in common. */
export interface ProblemType {
  readonly status: number;
  readonly title: string;
  /** What the kind means and what to do about it: the text of its page. */
  readonly description: string;
}

/** The one table from kinds of failure to HTTP. A new kind does not compile until it has its line. */
export const problemTypes: Readonly<Record<FailureKind, ProblemType>> = {
  malformed: {
    status: 400,
    title: 'Malformed request',
    description: 'The request cannot be parsed: broken JSON, bad percent-encoding or a bad header.',
  },
  invalid_url: {
    status: 400,
    title: 'Invalid URL',
    description:
      'The URL to shorten is missing, is not an absolute http or https URL, or may not be a destination here.',
  },
  invalid: {
    status: 422,
    title: 'Invalid input',
    description:
      'The request was understood but breaks a rule. "errors" names each field and its rule.',
  },
  idempotency_mismatch: {
    status: 422,
    title: 'Idempotency-Key of another request',
    description:
      'This Idempotency-Key came with a different request in the last 24 hours. Use a new one.',
  },
  unauthenticated: {
    status: 401,
    title: 'Key required',
    description:
      'The request needs a valid API key (Authorization: Bearer …) or a session in this browser.',
  },
  forbidden: {
    status: 403,
    title: 'Not allowed',
    description: 'The key may not do this, or the request came from a page of another site.',
  },
  not_found: {
    status: 404,
    title: 'Not found',
    description: 'There is no such link, key or page.',
  },
  gone: {
    status: 410,
    title: 'Gone',
    description: 'The link has expired or was switched off by its owner.',
  },
  blocked: {
    status: 451,
    title: 'Taken down',
    description: 'The link was taken down by the operator of this service.',
  },
  method_not_allowed: {
    status: 405,
    title: 'Method not allowed',
    description: 'The resource does not take this method. The Allow header lists those it takes.',
  },
  not_acceptable: {
    status: 406,
    title: 'Not acceptable',
    description: 'The resource has none of the media types in the Accept header of the request.',
  },
  conflict: {
    status: 409,
    title: 'Conflict',
    description:
      'The slug belongs to another link, or what an Idempotency-Key made was deleted since.',
  },
  precondition_failed: {
    status: 412,
    title: 'Changed meanwhile',
    description:
      'The link is no longer the version that If-Match names. Read it again, then decide.',
  },
  too_large: {
    status: 413,
    title: 'Request too large',
    description:
      'The body is longer than 64 KiB. One that makes many links: longer than 8 MiB, or more than 10,000 links.',
  },
  unsupported_media_type: {
    status: 415,
    title: 'Unsupported media type',
    description:
      'The Content-Type, its charset or the Content-Encoding of the body is not supported here.',
  },
  misdirected: {
    status: 421,
    title: 'Misdirected request',
    description: 'The Host header names a host that this service does not answer for.',
  },
  rate_limited: {
    status: 429,
    title: 'Too many requests',
    description:
      'This key or address has written, or failed to sign in, too often. Retry-After says when to go on.',
  },
  unavailable: {
    status: 503,
    title: 'Unavailable',
    description:
      'This node cannot do that now: it has no connection to the primary, is starting or is busy. Retry-After says when to try again. A write that was answered so may be repeated safely with the same Idempotency-Key.',
  },
  not_replicated: {
    status: 503,
    title: 'Not replicated',
    description:
      'The write is on the disk of the primary, and it is not known yet whether another machine has it; with DURABILITY=strict that is not enough. Ask again with the same Idempotency-Key: the write is made once, and answered as made as soon as it is safe.',
  },
  internal: {
    status: 500,
    title: 'Internal error',
    description: 'A defect on our side. The request id in "instance" finds it in the log.',
  },
};

/** Every kind, in the order of the table. */
export const failureKinds = Object.keys(problemTypes) as readonly FailureKind[];

/** A problem names at most so many fields, and each by at most so many characters: the client chose both. */
const maxErrors = 20;
const maxPointerLength = 200;

/** The media type of problems (RFC 9457). */
export const problemMediaType = 'application/problem+json';

/** The body of a problem (RFC 9457 section 3.1). */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  /** Id of the request: also in `X-Request-Id` and in the log. */
  readonly instance: string;
  readonly errors?: readonly FieldError[];
}

/** The URI that identifies a kind; the page it leads to is served by every node. */
export function problemTypeUri(baseUrl: string, kind: FailureKind): string {
  return `${baseUrl}/problems/${kind.replaceAll('_', '-')}`;
}

/** The kind whose page is at `/problems/<segment>`. */
export function findProblemKind(segment: string): FailureKind | undefined {
  return failureKinds.find((kind) => kind.replaceAll('_', '-') === segment);
}

/** The problem that tells a client of `failure`. */
export function toProblem(failure: Failure, baseUrl: string, requestId: string): Problem {
  const { status, title } = problemTypes[failure.kind];
  const { errors } = failure.details;
  return {
    type: problemTypeUri(baseUrl, failure.kind),
    title,
    status,
    detail: failure.message,
    instance: requestId,
    ...(errors === undefined ? {} : { errors: errors.slice(0, maxErrors).map(shortened) }),
  };
}

function shortened({ pointer, detail }: FieldError): FieldError {
  return { pointer: pointer.slice(0, maxPointerLength), detail };
}

/** What a 401 says of the scheme that would be accepted (RFC 9110 section 15.5.2, RFC 6750). */
export const bearerChallenge = 'Bearer realm="Hoplite"';

/** The headers that a failure asks for, besides the body. What may go well soon says when to come back. */
export function problemHeaders({ kind, details }: Failure): Readonly<Record<string, string>> {
  const mayGoWellSoon = kind === 'unavailable' || kind === 'not_replicated';
  const retryAfterS = details.retryAfterS ?? (mayGoWellSoon ? 1 : undefined);
  return {
    ...(retryAfterS === undefined ? {} : { 'Retry-After': String(retryAfterS) }),
    ...(details.allow === undefined ? {} : { Allow: details.allow.join(', ') }),
    ...(kind === 'unauthenticated' ? { 'WWW-Authenticate': bearerChallenge } : {}),
  };
}
