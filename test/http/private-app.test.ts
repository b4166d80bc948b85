import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toClaimHeaders } from '../../src/cluster/forward-claims.ts';
import type { Bookmark } from '../../src/domain/bookmark.ts';
import type { Txid } from '../../src/domain/position.ts';
import { newestMigration } from '../../src/storage/migrations/migration.ts';
import { copyAt } from '../support/copy-at.ts';
import { positionAt } from '../support/fake-mount.ts';
import { testAdminKey } from '../support/test-app.ts';
import { linksMigrations } from '../support/test-database.ts';
import type { TestNode } from '../support/test-node.ts';
import { startTestPair, type TestPair } from '../support/test-pair.ts';

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

describe('/bookmarks', () => {
  const format = (epochTag: string) =>
    primary.public.parts.bookmarks.format({
      epoch: 1,
      epochTag,
      txid: '0000000000000007' as Txid,
    });
  const ask = (to: TestNode, path: string) => sendSigned(to, { method: 'GET', path });

  it('tells every node of the fleet how this one stands to a bookmark', async () => {
    for (const { cluster } of [primary.public, replica.public]) cluster.at = positionAt(7);
    const { bookmarks } = primary.public.parts;
    const path = `/bookmarks/${bookmarks.format((await bookmarks.own()) as Bookmark)}`;
    const onPrimary = await ask(primary, `${path}?waitMs=0`);
    expect(onPrimary.status).toBe(200);
    expect(await onPrimary.json()).toEqual({ region: 'ams', standing: 'reached', isPrimary: true });
    // Both have begun an epoch 1 of their own.
    const onReplica = await ask(replica, `${path}?waitMs=10`);
    expect(await onReplica.json()).toEqual({ region: 'ams', standing: 'astray', isPrimary: false });
    for (const { cluster } of [primary.public, replica.public]) cluster.at = undefined;
  });

  it('takes no bookmark that is none, and waits for nobody for long', async () => {
    expect((await ask(primary, '/bookmarks/nonsense?waitMs=0')).status).toBe(404);
    for (const query of ['', '?waitMs=', '?waitMs=10001', '?waitMs=-1', '?waitMs=x']) {
      const { status } = await ask(primary, `/bookmarks/${format('00000000')}${query}`);
      expect(status, query).toBe(query === '?waitMs=' ? 200 : 422);
    }
  });

  it('is told to nobody without a signature', async () => {
    const path = `/bookmarks/${format('00000000')}?waitMs=0`;
    expect((await fetch(`${primary.privateUrl}${path}`)).status).toBe(401);
  });
});

describe('/position', () => {
  const request = { method: 'GET', path: '/position' };

  it('is told by a primary to a node of the fleet', async () => {
    const response = await sendSigned(primary, request);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ epoch: 3, txid: '0000000000000042' });
  });

  it('is told by nobody else', async () => {
    const onReplica = await sendSigned(replica, request);
    expect(onReplica.status).toBe(503);
    primary.public.isOpening = true;
    const opening = await sendSigned(primary, request);
    primary.public.isOpening = false;
    expect(opening.status).toBe(503);
    expect(opening.headers.get('retry-after')).toBe('1');
  });

  it('is told to nobody without a signature', async () => {
    const response = await fetch(`${primary.privateUrl}/position`);
    expect(response.status).toBe(401);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(response.headers.get('hoplite-refused')).toBe('unsigned');
  });

  it('is told once for each signature', async () => {
    const headers = replica.auth.sign({ ...request, to: 'p' });
    const ask = () => fetch(`${primary.privateUrl}/position`, { headers });
    expect((await ask()).status).toBe(200);
    expect((await ask()).status).toBe(401);
  });

  it('is not told under a signature for something else', async () => {
    const headers = replica.auth.sign({ method: 'GET', path: '/status', to: 'p' });
    expect((await fetch(`${primary.privateUrl}/position`, { headers })).status).toBe(401);
  });
});

describe('/copy', () => {
  const request = { method: 'GET', path: '/copy' };

  it('is told to a node of the fleet, by replicas too', async () => {
    const response = await sendSigned(replica, request);
    expect(await response.json()).toEqual(copyAt(7));
  });

  it('is told to nobody without a signature', async () => {
    expect((await fetch(`${replica.privateUrl}/copy`)).status).toBe(401);
  });
});

describe.each(['/handoff', '/operator/handoff'])('%s', (path) => {
  /** Orders a handoff under a signature for `signed`. */
  function order(body: string, signed = body): Promise<Response> {
    return sendSigned(primary, { method: 'POST', path, body: Buffer.from(signed) }, { body });
  }
  const ordered = async (body: string) => {
    primary.ordered.length = 0;
    const response = await order(body);
    return { status: response.status, ordered: [...primary.ordered], text: await response.text() };
  };

  it.each([
    ['to whoever is the other candidate', '', undefined],
    ['to nobody in particular', '{}', undefined],
    ['to the one that is named', '{"to":"b"}', 'b'],
  ])('hands the lease over %s', async (_, body, to) => {
    expect(await ordered(body)).toMatchObject({ status: 200, ordered: [{ at: 'p', to }] });
  });

  it('says why not', async () => {
    const { status, text } = await ordered('{"to":"nobody"}');
    expect(status).toBe(409);
    expect(text).toContain(path === '/handoff' ? 'nobody is no candidate.' : 'by the primary');
  });

  it.each([
    ['no JSON', '{to', 400],
    ['another field', '{"from":"a"}', 422],
    ['a name that is none', '{"to":7}', 422],
  ])('refuses an order with %s', async (_, body, status) => {
    expect(await ordered(body)).toMatchObject({ status, ordered: [] });
  });

  it('is refused without a signature of this very order', async () => {
    primary.ordered.length = 0;
    expect((await order('{"to":"b"}', '{"to":"c"}')).status).toBe(401);
    expect((await fetch(primary.privateUrl + path, { method: 'POST' })).status).toBe(401);
    expect(primary.ordered).toEqual([]);
  });
});

describe('/restore', () => {
  const hash = 'a'.repeat(64);
  const whole = { epoch: 3, links: { bytes: 5, sha256: hash } };
  /** Sends it to the private port of `to`; gives what was asked of that node. */
  async function sendTo(to: TestNode, method: string, path: string, body = '') {
    to.restores.length = 0;
    const signed = { method, path, ...(body === '' ? {} : { body: Buffer.from(body) }) };
    const response = await sendSigned(to, signed, { method, ...(body === '' ? {} : { body }) });
    return { status: response.status, asked: [...to.restores], text: await response.text() };
  }

  it.each(['/restore', '/operator/restore'])('%s restores into the primary', async (path) => {
    const told = await sendTo(primary, 'GET', path);
    expect(JSON.parse(told.text)).toEqual({ name: 'go.example.com', node: 'p', epoch: 3 });
    const added = await sendTo(primary, 'POST', `${path}/files/clicks?at=7`, 'bytes');
    expect(added.asked).toEqual([{ at: 'p', database: 'clicks', from: 7, bytes: 5 }]);
    const first = await sendTo(primary, 'POST', `${path}/files/links?at=0&total=9`, 'bytes');
    expect(first.asked).toEqual([{ at: 'p', database: 'links', from: 0, bytes: 5, total: 9 }]);
    const ordered = await sendTo(primary, 'POST', path, JSON.stringify(whole));
    expect(ordered).toMatchObject({ status: 200, asked: [{ at: 'p', order: whole }] });
  });

  it('is sent on by a replica when an operator asks, and by nobody when a node does', async () => {
    const path = '/restore/files/links?at=0';
    expect(await sendTo(replica, 'POST', `/operator${path}`, 'bytes')).toEqual({
      status: 200,
      asked: [{ at: 'r', relayed: `POST ${path}`, bytes: 5 }],
      text: '{"said":"by the primary"}',
    });
    expect((await sendTo(replica, 'GET', '/restore')).status).toBe(503);
  });

  it.each([
    ['another database', 'POST', '/restore/files/other?at=0', 'x', 404],
    ['no place', 'POST', '/restore/files/links', 'x', 422],
    ['a place before the file', 'POST', '/restore/files/links?at=-1', 'x', 422],
    ['a piece that is too long', 'POST', '/restore/files/links?at=0', 'x'.repeat(2 ** 20 + 1), 413],
    ['an order without links', 'POST', '/restore', '{"epoch":3}', 422],
    ['an order with more than there is', 'POST', '/restore', '{"epoch":3,"all":true}', 422],
  ])('refuses %s', async (_, method, path, body, status) => {
    expect(await sendTo(primary, method, path, body)).toMatchObject({ status, asked: [] });
  });

  it('is refused without a signature of this very piece', async () => {
    for (const path of ['/restore/files/links?at=0', '/operator/restore/files/links?at=0']) {
      primary.restores.length = 0;
      const signed = { method: 'POST', path, body: Buffer.from('bytes') };
      expect((await sendSigned(primary, signed, { body: 'other' })).status).toBe(401);
      const unsigned = await fetch(primary.privateUrl + path, { method: 'POST', body: 'bytes' });
      expect(unsigned.status).toBe(401);
      expect(primary.restores).toEqual([]);
    }
  });
});

it('the public port knows nothing of handoffs and restores', async () => {
  const url = `http://127.0.0.1:${primary.public.port}`;
  for (const path of [
    '/handoff',
    '/api/v1/handoff',
    '/operator/handoff',
    '/copy',
    '/restore/files/links',
    '/operator/restore',
  ]) {
    const headers = { Authorization: `Bearer ${testAdminKey}` };
    const { status } = await fetch(url + path, { method: 'POST', headers, body: '{}' });
    expect([404, 405]).toContain(status);
  }
});

describe('the rest of the private port', () => {
  it('has metrics and the status for whoever is in the network', async () => {
    const metrics = await fetch(`${primary.privateUrl}/metrics`);
    expect(metrics.headers.get('content-type')).toContain('text/plain');
    const status = (await (await fetch(`${primary.privateUrl}/status`)).json()) as object;
    const schema = newestMigration(linksMigrations);
    expect(status).toMatchObject({ node: 'p', role: 'primary', writerOpen: true, schema });
  });

  it.each(['/', '/api/v1/links', '/healthz', '/import', '/forward', '/forwardx', '/operatorx'])(
    'is nothing at %s without a signature',
    async (path) => {
      const { status } = await fetch(`${primary.privateUrl}${path}`);
      expect(status).toBeOneOf([401, 404]);
    },
  );
});

describe('the public port', () => {
  const spoofed = {
    Host: 'p.vm.app.internal:8081',
    'X-Forwarded-Host': 'p.vm.app.internal',
    'X-Forwarded-For': '127.0.0.1',
    'Fly-Client-IP': '127.0.0.1',
    'fly-replay-src': 'instance=r;region=ams;t=1;state=x',
    ...claims,
    'hoplite-caller': 'operator',
  };

  it.each([
    '/position',
    '/copy',
    '/handoff',
    '/bookmarks/1AAAA',
    '/forward/api/v1/keys',
    '/operator/api/v1/keys',
    '/operator/handoff',
    '/metrics',
  ])('has nothing at %s, whatever headers come', async (path) => {
    const unknown = await primary.public.client.get('/no/such/path').expect(404);
    for (const headers of [{}, spoofed]) {
      const { body } = await primary.public.client.get(path).set(headers).expect(404);
      expect({ ...body, instance: '' }).toEqual({ ...unknown.body, instance: '' });
    }
  });

  it('gives nobody rights for headers that a node would sign', async () => {
    await primary.public.client.get('/api/v1/keys').set(spoofed).expect(401);
    const signed = replica.auth.sign({
      method: 'GET',
      path: '/api/v1/keys',
      to: 'p',
      headers: { ...claims, 'hoplite-caller': 'operator' },
    });
    await primary.public.client.get('/api/v1/keys').set(signed).expect(401);
  });
});
