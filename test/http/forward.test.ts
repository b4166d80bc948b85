import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RequestToSign } from '../../src/cluster/fleet-auth.ts';
import { toClaimHeaders } from '../../src/cluster/forward-claims.ts';
import { testAdminKey } from '../support/test-app.ts';
import type { TestNode } from '../support/test-node.ts';
import { startTestPair, type TestPair } from '../support/test-pair.ts';

const link = JSON.stringify({ destination: 'https://example.com/' });
const claims = toClaimHeaders({ caller: 'client', clientAddress: '203.0.113.9', hops: 1 });

let pair: TestPair;
let primary: TestNode;
let replica: TestNode;
let sendSigned: TestPair['sendSigned'];
beforeAll(async () => {
  pair = await startTestPair({ access: 'keys' });
  ({ primary, replica, sendSigned } = pair);
});
afterAll(() => pair?.[Symbol.asyncDispose]());

describe('/forward', () => {
  const request = (extra: object = {}): RequestToSign => ({
    method: 'POST',
    path: '/forward/api/v1/links',
    body: 'unsigned',
    headers: claims,
    ...extra,
  });
  const init = (headers: object = {}) => ({
    body: link,
    headers: { 'Content-Type': 'application/json', ...headers },
  });

  it('runs the request as if it had come to the public port', async () => {
    const authorized = init({ Authorization: `Bearer ${testAdminKey}` });
    const response = await sendSigned(primary, request(), authorized);
    expect(response.status).toBe(201);
    expect(response.headers.get('location')).toMatch('http://go.example.com/api/v1/links/');
  });

  it("judges the caller's own credentials", async () => {
    expect((await sendSigned(primary, request(), init())).status).toBe(401);
  });

  it('believes the word of a node that an operator asks', async () => {
    const headers = { ...claims, 'hoplite-caller': 'operator' };
    expect((await sendSigned(primary, request({ headers }), init())).status).toBe(201);
  });

  it.each([
    ['without claims', request({ headers: {} })],
    ['with a body that was signed', request({ body: Buffer.from(link) })],
    ['for another node', request({ to: 'r' })],
  ])('is refused %s', async (_title, signed) => {
    const { status } = await sendSigned(
      primary,
      signed,
      init({ Authorization: `Bearer ${testAdminKey}` }),
    );
    expect(status).toBe(401);
  });

  it('is refused with claims that were changed on the way', async () => {
    const signed = replica.auth.sign({ ...request(), to: 'p' });
    const { status } = await fetch(`${primary.privateUrl}/forward/api/v1/links`, {
      method: 'POST',
      ...init({ ...signed, 'hoplite-caller': 'operator' }),
    });
    expect(status).toBe(401);
  });

  it('reads nothing on a node that is not primary', async () => {
    const reading = request({ method: 'GET', path: '/forward/healthz' });
    const response = await sendSigned(replica, reading);
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('1');
  });

  it('goes on from a node that has just handed the lease over, with what the first one said', async () => {
    const headers = { ...claims, 'hoplite-caller': 'operator' };
    expect((await sendSigned(replica, request({ headers }), init())).status).toBe(201);
  });

  it('goes no further than through two nodes', async () => {
    const headers = { ...claims, 'hoplite-hops': '2' };
    const response = await sendSigned(replica, request({ headers }), init());
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('1');
  });

  it('does not check again where the browser came from', async () => {
    const response = await sendSigned(
      primary,
      { method: 'POST', path: '/forward/session', body: 'unsigned', headers: claims },
      {
        body: new URLSearchParams({ key: testAdminKey }),
        redirect: 'manual',
        headers: { Origin: 'http://go.example.com', 'Sec-Fetch-Site': 'same-origin' },
      },
    );
    expect(response.status).toBe(303);
  });
});

describe('/operator', () => {
  const create = { method: 'POST', path: '/operator/api/v1/keys' };
  const body = JSON.stringify({ name: 'from the command line' });
  const json = { 'Content-Type': 'application/json' };

  it('has all rights, by its signature alone', async () => {
    const response = await sendSigned(
      primary,
      { ...create, body: Buffer.from(body) },
      { body, headers: json },
    );
    expect(response.status).toBe(201);
  });

  it('reaches the primary from a replica, with its body and its rights', async () => {
    const response = await sendSigned(
      replica,
      { ...create, body: Buffer.from(body) },
      { body, headers: json },
    );
    expect(response.status).toBe(201);
    const { id } = (await response.json()) as { id: string };
    const known = await sendSigned(primary, { method: 'GET', path: '/operator/api/v1/keys' });
    expect(
      ((await known.json()) as { keys: { id: string }[] }).keys.map((key) => key.id),
    ).toContain(id);
    const local = await sendSigned(replica, { method: 'GET', path: '/operator/api/v1/keys' });
    expect(await local.json()).toEqual({ keys: [] });
  });

  it.each([
    ['another body', { ...create, body: Buffer.from('{"name":"x"}') }],
    ['a body that is not signed', { ...create, body: 'unsigned' as const }],
    ['another path', { ...create, path: '/operator/api/v1/links', body: Buffer.from(body) }],
  ])('is refused for a signature of %s', async (_title, signed) => {
    const headers = { ...json, ...replica.auth.sign({ ...signed, to: 'p' }) };
    const response = await fetch(`${primary.privateUrl}${create.path}`, {
      method: 'POST',
      body,
      headers,
    });
    expect(response.status).toBe(401);
  });

  it('is refused without a signature, whatever else is shown', async () => {
    const response = await fetch(`${primary.privateUrl}/operator/api/v1/keys`, {
      headers: { Authorization: `Bearer ${testAdminKey}`, ...claims, 'hoplite-caller': 'operator' },
    });
    expect(response.status).toBe(401);
  });

  it('refuses a body of more than 64 KiB', async () => {
    const long = 'x'.repeat(65_537);
    const response = await sendSigned(
      primary,
      { ...create, body: Buffer.from(long) },
      { body: long, headers: json },
    );
    expect(response.status).toBe(413);
  });
});

describe('a write at a replica', () => {
  it('is forwarded with the address of the client, and answered by the primary', async () => {
    const response = await fetch(`http://127.0.0.1:${replica.public.port}/api/v1/links`, {
      method: 'POST',
      body: link,
      headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${testAdminKey}` },
    });
    expect(response.status).toBe(201);
    const { slug } = (await response.json()) as { slug: string };
    await primary.public.client
      .get(`/api/v1/links/${slug}`)
      .set('Authorization', `Bearer ${testAdminKey}`)
      .expect(200);
    expect(response.headers.get('content-security-policy')).not.toMatch(/, /);
    expect(response.headers.get('x-request-id')).not.toMatch(/, /);
  });
});
