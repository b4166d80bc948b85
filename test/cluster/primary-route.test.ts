import { createHash } from 'node:crypto';
import { Agent, type ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readClaims } from '../../src/cluster/forward-claims.ts';
import { findReplayOrigin } from '../../src/cluster/replay-header.ts';
import { eventually } from '../support/eventually.ts';
import { RouteBench } from '../support/route-bench.ts';

describe('the way to the primary', () => {
  let bench: RouteBench;

  beforeEach(async () => {
    bench = await RouteBench.start();
  });

  afterEach(() => bench[Symbol.asyncDispose]());

  describe('by replay', () => {
    beforeEach(() => bench.use('fly'));

    it('is an empty 409 that nobody stores', async () => {
      const { status, headers, body } = await bench.post();
      expect(status).toBe(409);
      expect(body).toBe('');
      expect(headers['cache-control']).toBe('no-store');
      expect(headers['fly-replay']).toMatch(
        /^instance=p;timeout=2000ms;fallback=force_self;state=[\w.-]+$/,
      );
      expect(bench.arrived).toEqual([]);
    });

    it('carries a state that names this node', async () => {
      const { headers } = await bench.post();
      const [, state] = /state=(.*)$/.exec(String(headers['fly-replay'])) ?? [];
      const source = { 'fly-replay-src': `instance=me;state=${state}` };
      expect(findReplayOrigin(bench.replayStateKeys, source, bench.primaryClock.now())).toBe('me');
    });

    it('leaves the connection usable though the body was not read', async () => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      for (let count = 0; count < 3; count += 1) {
        expect((await bench.post('/x', { body: 'x'.repeat(1000), agent })).status).toBe(409);
      }
      agent.destroy();
    });

    it.each([
      ['a body over the limit', { body: 'x'.repeat(1001) }],
      ['a body of unknown length', { body: 'x', headers: { 'Transfer-Encoding': 'chunked' } }],
      ['a replay before', { body: 'x', headers: { 'Fly-Replay-Src': 'instance=x;state=forged' } }],
      ['a fallback', { body: 'x', headers: { 'Fly-Replay-Failed': 'reason=timeout' } }],
    ])('is not for a request with %s: that is forwarded', async (_, options) => {
      const { status, headers, body } = await bench.post('/x', options);
      expect([status, body]).toEqual([200, 'written']);
      expect(headers['fly-replay']).toBeUndefined();
      expect(bench.arrived).toHaveLength(1);
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
      await bench.post(path, { method: 'PATCH', body, headers });
      expect(bench.arrived).toMatchObject([
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
      await bench.post('/x', {
        body: 'x',
        headers: { 'Fly-Client-IP': '203.0.113.9', 'X-Forwarded-For': '203.0.113.9' },
      });
      const { headers = {} } = bench.arrived[0] ?? {};
      expect(readClaims(headers)).toEqual({
        caller: 'client',
        clientAddress: '192.0.2.7',
        hops: 1,
      });
      expect(Object.keys(headers).filter((name) => /^(fly-|x-forwarded-)/.test(name))).toEqual([]);
    });

    it('streams a large body in both directions', async () => {
      const body = Buffer.alloc(5_000_000, 'abcdefg');
      bench.answer = (_, response) => response.end(bench.arrived[0]?.body);
      const got = await bench.post('/x', { body });
      const digest = (data: Buffer | string) => createHash('sha256').update(data).digest('hex');
      expect(digest(bench.arrived[0]?.body ?? '')).toBe(digest(body));
      expect(digest(got.body)).toBe(digest(body));
    });

    it('streams a chunked body', async () => {
      await bench.post('/x', { body: 'chunks', headers: { 'Transfer-Encoding': 'chunked' } });
      expect(bench.arrived).toMatchObject([
        { body: Buffer.from('chunks'), headers: { 'transfer-encoding': 'chunked' } },
      ]);
    });

    it.each(['POST', 'DELETE', 'GET', 'HEAD'])('needs no body for %s', async (method) => {
      expect((await bench.post('/x', { method })).status).toBe(200);
      expect(bench.arrived).toMatchObject([{ method, body: Buffer.alloc(0) }]);
      expect(bench.arrived[0]?.headers['transfer-encoding']).toBeUndefined();
    });

    it('sends the body that was read before', async () => {
      bench.context = { body: Buffer.from('read before') };
      await bench.post('/x', { body: 'other text!', headers: { 'Transfer-Encoding': 'chunked' } });
      expect(bench.arrived).toMatchObject([
        { body: Buffer.from('read before'), headers: { 'content-length': '11' } },
      ]);
    });

    it('brings an operator’s request under the path it has for everybody', async () => {
      bench.use('fly');
      bench.context = { caller: 'operator', arrivedAt: 'operator' };
      await bench.post('/operator/api/v1/keys');
      expect(bench.arrived).toMatchObject([
        { url: '/forward/api/v1/keys', headers: { 'hoplite-caller': 'operator' } },
      ]);
    });

    it('brings the answer back as it is, but for what is between nodes', async () => {
      bench.answer = (_, response) => {
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
      const { status, headers, body } = await bench.post();
      expect([status, body]).toEqual([201, '{"a":1}']);
      expect(headers).toMatchObject({ 'set-cookie': ['a=1', 'b=2'], location: '/x' });
      expect(headers['fly-replay']).toBeUndefined();
    });

    it.each([204, 304, 404, 409, 500])('brings back a %d', async (status) => {
      bench.answer = (_, response) => response.writeHead(status).end();
      expect((await bench.post()).status).toBe(status);
    });

    it('takes a connection of its own for each request', async () => {
      const ports = new Set<number | undefined>();
      bench.answer = (request, response) => {
        ports.add(request.socket.remotePort);
        response.end();
      };
      for (let count = 0; count < 3; count += 1) await bench.post();
      expect(ports.size).toBe(3);
    });

    it('brings on what another node has sent here, once, with the word of that one', async () => {
      bench.use('fly');
      bench.context = { caller: 'operator', arrivedAt: 'forward', clientAddress: '203.0.113.5' };
      await bench.post('/forward/api/v1/keys', { headers: { 'Hoplite-Hops': '1' }, body: 'body' });
      expect(bench.arrived).toMatchObject([
        {
          url: '/forward/api/v1/keys',
          body: Buffer.from('body'),
          verdict: { ok: true },
          headers: {
            'hoplite-caller': 'operator',
            'hoplite-client-address': '203.0.113.5',
            'hoplite-hops': '2',
          },
        },
      ]);
    });

    it('is refused for a request that was forwarded twice', async () => {
      const got = await bench.post('/x', { headers: { 'Hoplite-Hops': '2' } });
      expect(got).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
      expect(bench.arrived).toEqual([]);
    });

    it.each(['joining', 'detached', 'primary'] as const)(
      'is refused on a node that is %s',
      async (is) => {
        bench.cluster.become({ is });
        expect(await bench.post()).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
      },
    );

    it('is refused when the private port of the primary is not known', async () => {
      bench.cluster.become({ is: 'replica', primary: 'unheard-of' });
      expect(await bench.post()).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
    });

    it('is refused when too many are on their way', async () => {
      bench.use('forward', { maxForwards: 2 });
      const held: ServerResponse[] = [];
      bench.answer = (_, response) => void held.push(response);
      const first = [bench.post(), bench.post()];
      await eventually(() => expect(held).toHaveLength(2));
      expect((await bench.post()).status).toBe(503);
      for (const response of held) response.end();
      await Promise.all(first);
      bench.answer = (_, response) => response.end();
      expect((await bench.post()).status).toBe(200);
    });
  });
});
