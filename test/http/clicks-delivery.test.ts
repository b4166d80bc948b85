import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RequestToSign } from '../../src/cluster/fleet-auth.ts';
import type { TestNode } from '../support/test-node.ts';
import { startTestPair, type TestPair } from '../support/test-pair.ts';

const batch = Buffer.from([0, 255, 13, 10, ...Buffer.from('{"not":"json"}')]);
const deliver: RequestToSign = { method: 'POST', path: '/clicks', body: batch };

let pair: TestPair;
let primary: TestNode;
let replica: TestNode;
beforeAll(async () => {
  pair = await startTestPair();
  ({ primary, replica } = pair);
});
afterAll(() => pair?.[Symbol.asyncDispose]());
beforeEach(() => {
  primary.delivered.length = 0;
});

function post(
  to: TestNode,
  headers: Readonly<Record<string, string>>,
  body: Uint8Array = batch,
): Promise<Response> {
  return fetch(`${to.privateUrl}/clicks`, { method: 'POST', headers, body: Buffer.from(body) });
}

const sign = (to: TestNode, request = deliver) => ({
  ...replica.auth.sign({ to: to.id, ...request }),
});

describe('a delivery of clicks', () => {
  it('is handed over byte by byte, and answered with what is said to it', async () => {
    const response = await post(primary, sign(primary));
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ length: batch.length });
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(primary.delivered.map((body) => Buffer.from(body))).toEqual([batch]);
  });

  it('has the status that the receiver gives', async () => {
    primary.receive = async () => ({ status: 409, body: { outcome: 'gap', expected: 7 } });
    const response = await post(primary, sign(primary));
    primary.receive = undefined;
    expect(response.status).toBe(409);
    expect(await response.json()).toEqual({ outcome: 'gap', expected: 7 });
  });

  it('may be empty', async () => {
    const nothing = { ...deliver, body: new Uint8Array() };
    const response = await post(primary, sign(primary, nothing), nothing.body);
    expect(await response.json()).toEqual({ length: 0 });
  });

  it('may have 1 MB, and what is said of it', async () => {
    const body = Buffer.alloc(1_048_576 + 65_536, 7);
    const response = await post(primary, sign(primary, { ...deliver, body }), body);
    expect(await response.json()).toEqual({ length: body.length });
  });

  it('is refused when it is longer', async () => {
    const body = Buffer.alloc(1_048_576 + 65_537, 7);
    const response = await post(primary, sign(primary, { ...deliver, body }), body);
    expect(response.status).toBe(413);
    expect(await response.json()).toMatchObject({ detail: 'The body is longer than 1088 KiB.' });
    expect(primary.delivered).toEqual([]);
  });

  it.each<[string, () => Readonly<Record<string, string>>]>([
    ['without a signature', () => ({})],
    ['with the hash of another body', () => sign(primary, { ...deliver, body: Buffer.from('x') })],
    ['with a body that is not signed', () => sign(primary, { ...deliver, body: 'unsigned' })],
    ['with the signature of another path', () => sign(primary, { ...deliver, path: '/x' })],
    ['for another node', () => sign(replica)],
  ])('is refused %s', async (_title, headers) => {
    const response = await post(primary, headers());
    expect(response.status).toBe(401);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(response.headers.get('hoplite-refused')).not.toBeNull();
    expect(primary.delivered).toEqual([]);
  });

  it('is taken once for each signature', async () => {
    const headers = sign(primary);
    expect((await post(primary, headers)).status).toBe(200);
    expect((await post(primary, headers)).status).toBe(401);
    expect(primary.delivered).toHaveLength(1);
  });

  it('is refused for the moment by a node that is not primary, or is still becoming it', async () => {
    const onReplica = await post(replica, sign(replica));
    expect(onReplica.status).toBe(503);
    expect(onReplica.headers.get('retry-after')).toBe('1');
    expect(replica.delivered).toEqual([]);
    primary.public.isOpening = true;
    const opening = await post(primary, sign(primary));
    primary.public.isOpening = false;
    expect(opening.status).toBe(503);
    expect(primary.delivered).toEqual([]);
  });

  it('is nothing that can be read, or sent to the public port', async () => {
    const get = await fetch(`${primary.privateUrl}/clicks`, {
      headers: sign(primary, { method: 'GET', path: '/clicks' }),
    });
    expect(get.status).toBe(404);
    const response = await fetch(`http://127.0.0.1:${primary.public.port}/clicks`, {
      method: 'POST',
      headers: sign(primary),
      body: batch,
    });
    expect(response.status).toBe(404);
    expect(primary.delivered).toEqual([]);
  });
});
