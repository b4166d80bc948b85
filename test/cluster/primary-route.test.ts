import { createHash } from 'node:crypto';
import {
  Agent,
  createServer,
  type IncomingMessage,
  type RequestOptions,
  type Server,
  type ServerResponse,
  request as sendRequest,
} from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createFleetAuth, type FleetAuth } from '../../src/cluster/fleet-auth.ts';
import { deriveKey } from '../../src/cluster/fleet-key.ts';
import { readClaims } from '../../src/cluster/forward-claims.ts';
import {
  createPrimaryRoute,
  type PassContext,
  type PrimaryRoute,
} from '../../src/cluster/primary-route.ts';
import { findReplayOrigin } from '../../src/cluster/replay-header.ts';
import { Failure } from '../../src/domain/failure.ts';
import { eventually } from '../support/eventually.ts';
import { type FakeClock, fakeClock } from '../support/fake-clock.ts';
import { FakeCluster } from '../support/fake-cluster.ts';
import { FrozenServer } from '../support/frozen-server.ts';
import { seededRandom } from '../support/seeded-random.ts';

const secret = 'a secret of the fleet with 32 characters';
const replayStateKey = deriveKey(secret, 'replay-state');

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** What came in at the primary's private port, with its body read. */
interface Arrived {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
  readonly verdict: ReturnType<FleetAuth['verify']>;
}

async function listen(server: {
  listen: Server['listen'];
  address: Server['address'];
}): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function send(
  origin: string,
  path: string,
  options: RequestOptions & { body?: string | Buffer } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { body, ...rest } = options;
    const request = sendRequest(new URL(origin), { method: 'POST', path, agent: false, ...rest });
    request.on('error', reject);
    request.on('response', (response) => {
      buffer(response).then(
        (bytes) =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: bytes.toString(),
          }),
        reject,
      );
    });
    request.end(body);
  });
}

describe('the way to the primary', () => {
  let cluster: FakeCluster;
  let route: PrimaryRoute;
  let replica: Server;
  let replicaUrl: string;
  let primary: Server;
  let arrived: Arrived[];
  let answer: (request: IncomingMessage, response: ServerResponse) => void;
  let primaryClock: FakeClock;
  let context: Partial<PassContext>;
  let settled: number;

  beforeEach(async () => {
    arrived = [];
    context = {};
    settled = 0;
    cluster = new FakeCluster({ is: 'replica', primary: 'p' });
    primaryClock = fakeClock();
    const auth = createFleetAuth({
      secret,
      node: 'p',
      clock: primaryClock,
      random: seededRandom('p'),
    });
    primaryClock.advance(3_600_000);
    answer = (_, response) => response.end('written');
    primary = createServer(async (request, response) => {
      const { method = '', url = '', headers } = request;
      const verdict = auth.verify({ method, path: url, headers }, 'unsigned');
      if (!verdict.ok) {
        arrived.push({ method, url, headers, body: Buffer.alloc(0), verdict });
        response.writeHead(401, verdict.headers).end();
        return;
      }
      const body = await buffer(request).catch(() => Buffer.from('broken off'));
      arrived.push({ method, url, headers, body, verdict });
      answer(request, response);
    });
    const url = await listen(primary);
    cluster.privateUrls = (node) => (node === 'p' ? url : undefined);
    replica = createServer(async (request, response) => {
      response.setHeader('X-Request-Id', 'id-of-the-replica');
      try {
        await route.pass(request, response, {
          clientAddress: '192.0.2.7',
          caller: 'client',
          ...context,
        });
      } catch (error) {
        const failure = error instanceof Failure ? error : new Failure('internal', String(error));
        response.statusCode = failure.kind === 'unavailable' ? 503 : 500;
        if (failure.details.retryAfterS !== undefined) {
          response.setHeader('Retry-After', failure.details.retryAfterS);
        }
        response.end(failure.message);
      } finally {
        settled += 1;
      }
    });
    replicaUrl = await listen(replica);
    use('forward');
  });

  afterEach(async () => {
    for (const server of [replica, primary]) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });

  function use(mode: 'fly' | 'forward', options: { maxForwards?: number } = {}): void {
    const clock = fakeClock(primaryClock.now());
    route = createPrimaryRoute({
      cluster,
      mode,
      replayMaxBytes: 1000,
      auth: createFleetAuth({ secret, node: 'me', clock, random: seededRandom('me') }),
      replayStateKey,
      clock,
      log: pino({ level: 'silent' }),
      limits: { connectTimeoutMs: 150, idleTimeoutMs: 300 },
      ...options,
    });
  }

  const post = (path = '/api/v1/links', options: Parameters<typeof send>[2] = { body: 'body' }) =>
    send(replicaUrl, path, options);

  describe('by replay', () => {
    beforeEach(() => use('fly'));

    it('is an empty 409 that nobody stores', async () => {
      const { status, headers, body } = await post();
      expect(status).toBe(409);
      expect(body).toBe('');
      expect(headers['cache-control']).toBe('no-store');
      expect(headers['fly-replay']).toMatch(
        /^instance=p;timeout=2000ms;fallback=force_self;state=[\w.-]+$/,
      );
      expect(arrived).toEqual([]);
    });

    it('carries a state that names this node', async () => {
      const { headers } = await post();
      const [, state] = /state=(.*)$/.exec(String(headers['fly-replay'])) ?? [];
      const source = { 'fly-replay-src': `instance=me;state=${state}` };
      expect(findReplayOrigin(replayStateKey, source, primaryClock.now())).toBe('me');
    });

    it('leaves the connection usable though the body was not read', async () => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      for (let count = 0; count < 3; count += 1) {
        expect((await post('/x', { body: 'x'.repeat(1000), agent })).status).toBe(409);
      }
      agent.destroy();
    });

    it.each([
      ['a body over the limit', { body: 'x'.repeat(1001) }],
      ['a body of unknown length', { body: 'x', headers: { 'Transfer-Encoding': 'chunked' } }],
      ['a replay before', { body: 'x', headers: { 'Fly-Replay-Src': 'instance=x;state=forged' } }],
      ['a fallback', { body: 'x', headers: { 'Fly-Replay-Failed': 'reason=timeout' } }],
    ])('is not for a request with %s: that is forwarded', async (_, options) => {
      const { status, headers, body } = await post('/x', options);
      expect([status, body]).toEqual([200, 'written']);
      expect(headers['fly-replay']).toBeUndefined();
      expect(arrived).toHaveLength(1);
    });
  });

  describe('by forwarding', () => {
    it('brings method, path, query, headers and body as they are', async () => {
      const path = '//a/../b%2e/%20?x=1&y=%zz&x=2';
      const body = Buffer.from([0, 1, 2, 255]);
      const headers = {
        Authorization: 'Bearer k',
        Cookie: 'a=1',
        Host: 'go.example.com',
        Accept: '*/*',
      };
      await post(path, { method: 'PATCH', body, headers });
      expect(arrived).toMatchObject([
        {
          method: 'PATCH',
          url: `/forward${path}`,
          body,
          headers: {
            authorization: 'Bearer k',
            cookie: 'a=1',
            host: 'go.example.com',
            accept: '*/*',
            'content-length': '4',
            'x-request-id': 'id-of-the-replica',
          },
          verdict: { ok: true },
        },
      ]);
    });

    it('says under its signature who asks', async () => {
      await post('/x', {
        body: 'x',
        headers: { 'Fly-Client-IP': '203.0.113.9', 'X-Forwarded-For': '203.0.113.9' },
      });
      const { headers = {} } = arrived[0] ?? {};
      expect(readClaims(headers)).toEqual({
        caller: 'client',
        clientAddress: '192.0.2.7',
        hops: 1,
      });
      expect(Object.keys(headers).filter((name) => /^(fly-|x-forwarded-)/.test(name))).toEqual([]);
    });

    it('streams a large body in both directions', async () => {
      const body = Buffer.alloc(5_000_000, 'abcdefg');
      answer = (_, response) => response.end(arrived[0]?.body);
      const got = await post('/x', { body });
      const digest = (data: Buffer | string) => createHash('sha256').update(data).digest('hex');
      expect(digest(arrived[0]?.body ?? '')).toBe(digest(body));
      expect(digest(got.body)).toBe(digest(body));
    });

    it('streams a chunked body', async () => {
      await post('/x', { body: 'chunks', headers: { 'Transfer-Encoding': 'chunked' } });
      expect(arrived).toMatchObject([
        { body: Buffer.from('chunks'), headers: { 'transfer-encoding': 'chunked' } },
      ]);
    });

    it.each(['POST', 'DELETE', 'GET', 'HEAD'])('needs no body for %s', async (method) => {
      expect((await post('/x', { method })).status).toBe(200);
      expect(arrived).toMatchObject([{ method, body: Buffer.alloc(0) }]);
      expect(arrived[0]?.headers['transfer-encoding']).toBeUndefined();
    });

    it('sends the body that was read before', async () => {
      context = { body: Buffer.from('read before') };
      await post('/x', { body: 'other text!', headers: { 'Transfer-Encoding': 'chunked' } });
      expect(arrived).toMatchObject([
        { body: Buffer.from('read before'), headers: { 'content-length': '11' } },
      ]);
    });

    it('brings an operator’s request under the path it has for everybody', async () => {
      use('fly');
      context = { caller: 'operator' };
      await post('/operator/api/v1/keys');
      expect(arrived).toMatchObject([
        { url: '/forward/api/v1/keys', headers: { 'hoplite-caller': 'operator' } },
      ]);
    });

    it('brings the answer back as it is, but for what is between nodes', async () => {
      answer = (_, response) => {
        response.writeHead(201, [
          ['Set-Cookie', 'a=1'],
          ['Set-Cookie', 'b=2'],
          ['Location', '/x'],
          ['Fly-Replay', 'app=evil'],
          ['X-Request-Id', 'id-of-the-replica'],
          ['Keep-Alive', 'timeout=5'],
        ] as never);
        response.end('{"a":1}');
      };
      const { status, headers, body } = await post();
      expect([status, body]).toEqual([201, '{"a":1}']);
      expect(headers).toMatchObject({ 'set-cookie': ['a=1', 'b=2'], location: '/x' });
      expect(headers['fly-replay']).toBeUndefined();
    });

    it.each([204, 304, 404, 409, 500])('brings back a %d', async (status) => {
      answer = (_, response) => response.writeHead(status).end();
      expect((await post()).status).toBe(status);
    });

    it('is refused for a request that was forwarded before', async () => {
      const got = await post('/x', { headers: { 'Hoplite-Hops': '1' } });
      expect(got).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
      expect(arrived).toEqual([]);
    });

    it.each(['joining', 'detached', 'primary'] as const)(
      'is refused on a node that is %s',
      async (is) => {
        cluster.become({ is });
        expect(await post()).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
      },
    );

    it('is refused when the private port of the primary is not known', async () => {
      cluster.become({ is: 'replica', primary: 'unheard-of' });
      expect(await post()).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
    });

    it('is refused when too many are on their way', async () => {
      use('forward', { maxForwards: 2 });
      const held: ServerResponse[] = [];
      answer = (_, response) => void held.push(response);
      const first = [post(), post()];
      await eventually(() => expect(held).toHaveLength(2));
      expect((await post()).status).toBe(503);
      for (const response of held) response.end();
      await Promise.all(first);
      answer = (_, response) => response.end();
      expect((await post()).status).toBe(200);
    });
  });

  describe('when the clocks differ by an hour', () => {
    beforeEach(() => primaryClock.setNow(primaryClock.now() + 3_600_000));

    it('sends a request without a stream once more, in the primary’s time', async () => {
      context = { body: Buffer.from('x') };
      expect((await post()).status).toBe(200);
      expect(arrived.map(({ verdict }) => verdict.ok)).toEqual([false, true]);
    });

    it('sends a stream never twice, but the next one is right', async () => {
      const got = await post('/x', { body: 'x' });
      expect(got).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
      expect(got.body).toContain('Nothing was written');
      expect((await post('/x', { body: 'x' })).status).toBe(200);
      expect(arrived.map(({ verdict }) => verdict.ok)).toEqual([false, true]);
    });

    it('gives up when the primary does not learn', async () => {
      context = { body: Buffer.from('x') };
      primary.removeAllListeners('request');
      let asked = 0;
      primary.on('request', (_: IncomingMessage, response: ServerResponse) => {
        asked += 1;
        response.writeHead(401, { 'Hoplite-Refused': 'time', 'Hoplite-Time': '1.forged' }).end();
      });
      const got = await post();
      expect(got.status).toBe(503);
      expect(asked).toBe(1);
      expect(got.headers['hoplite-refused']).toBeUndefined();
    });
  });

  describe('when the primary fails', () => {
    const unknown = /not known whether it took effect.*same Idempotency-Key/;
    const nothing = /cannot be reached.*Nothing was written/;

    /** A primary that takes connections and does with them what the test says. */
    async function tcpPrimary(
      onConnection: (socket: Socket) => void,
    ): Promise<() => Promise<void>> {
      const sockets = new Set<Socket>();
      const server = createTcpServer((socket) => {
        sockets.add(socket);
        socket.on('error', () => undefined);
        onConnection(socket);
      });
      const url = await listen(server as never);
      cluster.privateUrls = () => url;
      return async () => {
        for (const socket of sockets) socket.destroy();
        await new Promise((resolve) => server.close(resolve));
      };
    }

    it('before it could be reached, says that nothing was written', async () => {
      cluster.privateUrls = () => 'http://127.0.0.1:1';
      const got = await post();
      expect(got).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
      expect(got.body).toMatch(nothing);
    });

    it('by not taking the connection, says that nothing was written', async () => {
      await using frozen = await FrozenServer.start();
      cluster.privateUrls = () => frozen.url;
      const got = await post();
      expect(got).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
      expect(got.body).toMatch(nothing);
    });

    it.each<[string, (socket: Socket) => void]>([
      ['by closing at once', (socket) => socket.destroy()],
      [
        'by breaking off after the request',
        (socket) => socket.once('data', () => socket.destroy()),
      ],
      [
        'by resetting after the request',
        (socket) => socket.once('data', () => socket.resetAndDestroy()),
      ],
      [
        'by answering nonsense',
        (socket) => socket.once('data', () => socket.end('nonsense\r\n\r\n')),
      ],
      ['by never answering', (socket) => socket.resume()],
    ])('%s, says that the outcome is unknown, and sends nothing twice', async (_, onConnection) => {
      let connections = 0;
      const close = await tcpPrimary((socket) => {
        connections += 1;
        onConnection(socket);
      });
      const got = await post();
      expect(got).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
      expect(got.body).toMatch(unknown);
      expect(connections).toBe(1);
      await close();
    });

    it('in the middle of its answer, breaks the answer off', async () => {
      answer = (_, response) => {
        response.writeHead(200, { 'Content-Length': 100 });
        response.write('half', () => response.destroy());
      };
      await expect(post()).rejects.toThrow();
    });

    it('by stopping in the middle of its answer, breaks the answer off', async () => {
      answer = (_, response) => {
        response.writeHead(200, { 'Content-Length': 100 });
        response.write('half');
      };
      await expect(post()).rejects.toThrow();
    });

    it('by answering before it read the body, brings that answer', async () => {
      const close = await tcpPrimary((socket) => {
        socket.once('data', () =>
          socket.write('HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig'),
        );
      });
      const got = await post('/x', { body: Buffer.alloc(3_000_000) });
      expect([got.status, got.body]).toEqual([413, 'big']);
      await close();
    });
  });

  describe('when the client leaves', () => {
    it('while it waits for the answer, the request is broken off', async () => {
      let left = false;
      answer = (_, response) => void response.on('close', () => (left = true));
      const request = sendRequest(new URL(replicaUrl), { method: 'POST', agent: false });
      request.on('error', () => undefined);
      request.end('x');
      await eventually(() => expect(arrived).toHaveLength(1));
      request.destroy();
      await eventually(() => expect(left).toBe(true));
      await eventually(() => expect(settled).toBe(1));
    });

    it('in the middle of its body, the primary does not see a whole one', async () => {
      const request = sendRequest(new URL(replicaUrl), {
        method: 'POST',
        agent: false,
        headers: { 'Content-Length': 100 },
      });
      request.on('error', () => undefined);
      request.write('half');
      await eventually(async () => {
        expect(await connectionsOf(primary)).toBe(1);
      });
      request.destroy();
      await eventually(() => expect(arrived).toMatchObject([{ body: Buffer.from('broken off') }]));
      await eventually(() => expect(settled).toBe(1));
    });
  });

  function connectionsOf(server: Server): Promise<number> {
    return new Promise((resolve, reject) =>
      server.getConnections((error, count) => (error === null ? resolve(count) : reject(error))),
    );
  }
});
