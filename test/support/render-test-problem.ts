import type { IncomingMessage } from 'node:http';
import type { Failure, FailureKind } from '../../src/domain/failure.ts';

const statuses: Partial<Record<FailureKind, number>> = {
  not_found: 404,
  gone: 410,
  blocked: 451,
  unavailable: 503,
  internal: 500,
};

/** Problems in the least that tells them apart: JSON, or a page of one line for who asks for one first. */
export function renderTestProblem(failure: Failure, request: IncomingMessage) {
  const status = statuses[failure.kind] ?? 599;
  const isPage = request.headers.accept?.startsWith('text/html') === true;
  const { retryAfterS } = failure.details;
  return {
    status,
    headers: {
      'Content-Type': isPage ? 'text/html; charset=utf-8' : 'application/problem+json',
      ...(retryAfterS === undefined ? {} : { 'Retry-After': String(retryAfterS) }),
    },
    body: isPage
      ? `<!doctype html><title>${failure.message}</title>`
      : JSON.stringify({ kind: failure.kind, status, detail: failure.message }),
  };
}
