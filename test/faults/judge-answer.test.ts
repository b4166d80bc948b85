import { expect, test } from 'vitest';
import { judgeAnswer } from '../../scripts/faults/driver/judge.ts';
import type { OperationName } from '../../scripts/faults/history.ts';

const json = { 'content-type': 'application/problem+json; charset=utf-8' };
const problem = (detail: string, type = 'about:blank') => JSON.stringify({ type, detail });

test.for<{
  name: string;
  op: OperationName;
  status: number;
  headers?: Record<string, string>;
  body?: string;
  verdict: object;
}>([
  {
    name: 'a link that was made has its slug',
    op: 'create',
    status: 201,
    headers: { 'content-type': 'application/json' },
    body: '{"slug":"abc","replicated":true}',
    verdict: { type: 'ok', key: 'abc', replicated: true },
  },
  {
    name: 'a write that was refused with nothing done failed',
    op: 'create',
    status: 503,
    headers: { ...json, 'retry-after': '1' },
    body: problem('There is no primary at the moment, so nothing can be written.'),
    verdict: { type: 'fail', retryAfter: true },
  },
  {
    name: 'a write of which the primary does not know the outcome is unknown',
    op: 'update',
    status: 503,
    headers: { ...json, 'retry-after': '1' },
    body: problem('It is not known whether this took effect. Ask again.'),
    verdict: { type: 'unknown', retryAfter: true },
  },
  {
    name: 'a write that is on one machine alone and was refused for it is unknown',
    op: 'create',
    status: 503,
    headers: json,
    body: problem('It is on one machine only.', 'https://go.example.com/problems/not-replicated'),
    verdict: { type: 'unknown', retryAfter: false },
  },
  {
    name: 'a write whose node broke off is unknown',
    op: 'delete',
    status: 502,
    headers: { 'content-type': 'text/plain', 'fly-edge-error': 'PU02' },
    body: 'PU02: read ECONNRESET',
    verdict: { type: 'unknown' },
  },
  {
    name: 'a write that another node has to do failed at this one',
    op: 'create',
    status: 409,
    headers: { 'fly-replay': 'instance=ams1' },
    verdict: { type: 'fail', error: '409 replay elsewhere' },
  },
  {
    name: 'a taken slug is a failure',
    op: 'createCustom',
    status: 409,
    headers: json,
    body: problem('The slug is taken.'),
    verdict: { type: 'fail' },
  },
  {
    name: 'a redirect tells where it leads',
    op: 'follow',
    status: 302,
    headers: { location: 'https://example.com/a/v2' },
    verdict: { type: 'ok', value: 'https://example.com/a/v2' },
  },
  {
    name: 'a slug that no link has is an answer',
    op: 'followNew',
    status: 404,
    verdict: { type: 'ok', value: null },
  },
  {
    name: 'a redirect that cannot be given failed',
    op: 'follow',
    status: 503,
    headers: { 'retry-after': '1' },
    verdict: { type: 'fail', retryAfter: true },
  },
  {
    name: 'a redirect that the edge lost is unknown',
    op: 'follow',
    status: 502,
    headers: { 'fly-edge-error': 'PU02' },
    verdict: { type: 'unknown' },
  },
  {
    name: 'a list gives destinations by slug',
    op: 'list',
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: '{"links":[{"slug":"a","destination":"https://a.example/"}],"nextCursor":null}',
    verdict: { type: 'ok', value: { a: 'https://a.example/' } },
  },
])('$name', ({ op, status, headers = {}, body = '', verdict }) => {
  expect(judgeAnswer(op, { status, headers, body })).toMatchObject(verdict);
});
