import { describe, expect, it } from 'vitest';
import { Failure } from '../../src/domain/failure.ts';
import { problemHeaders, toProblem } from '../../src/http/problem.ts';
import { toFailure } from '../../src/http/to-failure.ts';

const base = 'https://go.example.com';

describe('a problem', () => {
  it('says what the failure says, under the title of its kind', () => {
    const errors = [{ pointer: '/slug', detail: 'Too short.' }];
    expect(toProblem(new Failure('invalid', 'Too short.', { errors }), base, 'id')).toEqual({
      type: `${base}/problems/invalid`,
      title: 'Invalid input',
      status: 422,
      detail: 'Too short.',
      instance: 'id',
      errors,
    });
  });

  it.each([
    [new Failure('rate_limited', '', { retryAfterS: 9 }), { 'Retry-After': '9' }],
    [new Failure('unavailable', ''), { 'Retry-After': '1' }],
    [new Failure('unavailable', '', { retryAfterS: 3 }), { 'Retry-After': '3' }],
    [new Failure('method_not_allowed', '', { allow: ['GET', 'HEAD'] }), { Allow: 'GET, HEAD' }],
    [new Failure('unauthenticated', ''), { 'WWW-Authenticate': 'Bearer realm="Hoplite"' }],
    [new Failure('conflict', ''), {}],
  ])('asks for the headers of its kind: %s', (failure, headers) => {
    expect(problemHeaders(failure)).toEqual(headers);
  });
});

describe('an error of a library', () => {
  const httpError = (status: number, type?: string) =>
    Object.assign(new Error('secret'), { status, type });

  it.each([
    [httpError(413, 'entity.too.large'), 'too_large'],
    [httpError(415, 'encoding.unsupported'), 'unsupported_media_type'],
    [httpError(400, 'request.size.invalid'), 'malformed'],
    [httpError(400, 'request.aborted'), 'malformed'],
    [httpError(400), 'malformed'],
    [httpError(403), 'not_found'],
    [httpError(404), 'not_found'],
    [httpError(500), 'internal'],
    [httpError(418), 'internal'],
    [new Error('secret'), 'internal'],
    ['a string', 'internal'],
    [undefined, 'internal'],
    [new Failure('gone', 'secret'), 'gone'],
  ])('%s is %s', (error, kind) => {
    const failure = toFailure(error);
    expect(failure.kind).toBe(kind);
    if (!(error instanceof Failure)) expect(failure.message).not.toContain('secret');
  });
});
