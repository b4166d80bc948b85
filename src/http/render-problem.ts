import type { IncomingMessage } from 'node:http';
import type { Failure } from '../domain/failure.ts';
import type { Pages } from '../domain/pages.ts';
import type { Random } from '../domain/random.ts';
import { wantsPage } from './page-answers.ts';
import { problemHeaders, problemMediaType, toProblem } from './problem.ts';
import { findFacts } from './request-facts.ts';
import { requestId } from './request-id.ts';

/** A problem in the form that suits a client. */
export interface RenderedProblem {
  readonly status: number;
  /** `Content-Type`, `Vary`, `X-Request-Id`, and what the failure asks for, such as `Retry-After`. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Renders what a failure comes to for the client that sent `request`. Reads the request, answers nothing. */
export type RenderProblem = (failure: Failure, request: IncomingMessage) => RenderedProblem;

/**
 * Problems (RFC 9457) for programs, and the same words as a page for browsers; a browser that lacks a key is
 * asked for one. Redirects answer their problems with this too.
 */
export function createRenderProblem(deps: {
  readonly baseUrl: string;
  readonly pages: Pages;
  readonly random: Random;
}): RenderProblem {
  const { baseUrl, pages, random } = deps;
  return (failure, request) => {
    const id = findFacts(request)?.id ?? requestId(request.headers['x-request-id'], random);
    const problem = toProblem(failure, baseUrl, id);
    const headers = { Vary: 'Accept', 'X-Request-Id': id, ...problemHeaders(failure) };
    const { status } = problem;
    if (!wantsPage(request)) {
      const body = JSON.stringify(problem);
      return { status, headers: { 'Content-Type': problemMediaType, ...headers }, body };
    }
    const body = failure.kind === 'unauthenticated' ? pages.signIn({}) : pages.problem(problem);
    return { status, headers: { 'Content-Type': 'text/html; charset=utf-8', ...headers }, body };
  };
}
