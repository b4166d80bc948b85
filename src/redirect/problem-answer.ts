import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Failure } from '../domain/failure.ts';

/** A problem (RFC 9457) in the form that suits a client: a page for browsers, JSON for the rest. */
export interface RenderedProblem {
  readonly status: number;
  /** At least `Content-Type`; also `Vary`, and what the failure asks for, such as `Retry-After`. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Renders what a failure comes to for the client that sent `request`. Reads the request, answers nothing. */
export type RenderProblem = (failure: Failure, request: IncomingMessage) => RenderedProblem;

/** Pages have nothing but a style sheet and a picture of their own origin; no problem is kept or indexed. */
const problemHeaders = {
  'Cache-Control': 'no-store',
  'X-Robots-Tag': 'noindex',
  'X-Content-Type-Options': 'nosniff',
  'Content-Security-Policy':
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
} as const;

/** Answers with a problem; a `HEAD` gets the same head. */
export function answerProblem(response: ServerResponse, problem: RenderedProblem): void {
  const body = Buffer.from(problem.body);
  response.writeHead(problem.status, {
    ...problem.headers,
    ...problemHeaders,
    'Content-Length': body.length,
  });
  response.end(body);
}
