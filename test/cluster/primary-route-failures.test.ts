import {
  Agent,
  type IncomingMessage,
  type ServerResponse,
  request as sendRequest,
} from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { FrozenServer } from '../support/frozen-server.ts';
import { RouteBench } from '../support/route-bench.ts';

describe('the way to the primary, when something fails', () => {
  let bench: RouteBench;

  beforeEach(async () => {
    bench = await RouteBench.start();
  });

  afterEach(() => bench[Symbol.asyncDispose]());

  describe('when the clocks differ by an hour', () => {
    beforeEach(() => bench.primaryClock.setNow(bench.primaryClock.now() + 3_600_000));

    it('sends a request without a stream once more, in the primary’s time', async () => {
      bench.context = { body: Buffer.from('x') };
      expect((await bench.post()).status).toBe(200);
      expect(bench.arrived.map(({ verdict }) => verdict.ok)).toEqual([false, true]);
    });

    it('sends a stream never twice, but the next one is right', async () => {
      const got = await bench.post('/x', { body: 'x' });
      expect(got).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
      expect(got.body).toContain('Nothing was written');
      expect((await bench.post('/x', { body: 'x' })).status).toBe(200);
      expect(bench.arrived.map(({ verdict }) => verdict.ok)).toEqual([false, true]);
    });

    it('gives up when the primary does not learn', async () => {
      bench.context = { body: Buffer.from('x') };
      bench.primary?.removeAllListeners('request');
      let asked = 0;
      bench.primary?.on('request', (_: IncomingMessage, response: ServerResponse) => {
        asked += 1;
        response.writeHead(401, { 'Hoplite-Refused': 'time', 'Hoplite-Time': '1.forged' }).end();
      });
      const got = await bench.post();
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
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      bench.cluster.privateUrls = () => url;
      return async () => {
        for (const socket of sockets) socket.destroy();
        await new Promise((resolve) => server.close(resolve));
      };
    }

    it('before it could be reached, says that nothing was written', async () => {
      bench.cluster.privateUrls = () => 'http://127.0.0.1:1';
      const got = await bench.post();
      expect(got).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
      expect(got.body).toMatch(nothing);
      expect(bench.warnings).toMatchObject([{ msg: 'request not forwarded' }]);
    });

    it('leaves the connection usable though the body was not sent', async () => {
      bench.cluster.privateUrls = () => 'http://127.0.0.1:1';
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      for (let count = 0; count < 3; count += 1) {
        expect((await bench.post('/x', { body: Buffer.alloc(3_000_000), agent })).status).toBe(503);
      }
      agent.destroy();
    });

    it('by not taking the connection, says that nothing was written', async () => {
      await using frozen = await FrozenServer.start();
      bench.cluster.privateUrls = () => frozen.url;
      const got = await bench.post();
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
      const got = await bench.post();
      expect(got).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
      expect(got.body).toMatch(unknown);
      expect(connections).toBe(1);
      await close();
    });

    it('in the middle of its answer, breaks the answer off', async () => {
      bench.answer = (_, response) => {
        response.writeHead(200, { 'Content-Length': 100 });
        response.write('half', () => response.destroy());
      };
      await expect(bench.post()).rejects.toThrow();
    });

    it('by stopping in the middle of its answer, breaks the answer off', async () => {
      bench.answer = (_, response) => {
        response.writeHead(200, { 'Content-Length': 100 });
        response.write('half');
      };
      await expect(bench.post()).rejects.toThrow();
    });

    it('by answering before it read the body, brings that answer', async () => {
      const close = await tcpPrimary((socket) => {
        socket.once('data', () =>
          socket.write('HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig'),
        );
      });
      const got = await bench.post('/x', { body: Buffer.alloc(3_000_000) });
      expect([got.status, got.body]).toEqual([413, 'big']);
      await close();
    });
  });

  describe('when the client leaves', () => {
    beforeEach(() =>
      bench.use('forward', { limits: { connectTimeoutMs: 150, idleTimeoutMs: 3_600_000 } }),
    );

    it('while it waits for the answer, the request is broken off', async () => {
      let left = false;
      bench.answer = (_, response) => void response.on('close', () => (left = true));
      const request = sendRequest(bench.url, { method: 'POST', agent: false });
      request.on('error', () => undefined);
      request.end('x');
      await eventually(() => expect(bench.arrived).toHaveLength(1));
      request.destroy();
      await eventually(() => expect(left).toBe(true));
      await eventually(() => expect(bench.settled).toBe(1));
      expect(bench.warnings).toEqual([]);
    });

    it('in the middle of its body, the primary does not see a whole one', async () => {
      const request = sendRequest(bench.url, {
        method: 'POST',
        agent: false,
        headers: { 'Content-Length': 100 },
      });
      request.on('error', () => undefined);
      request.write('half');
      await eventually(async () => {
        const { primary } = bench;
        expect(primary && (await promisify(primary.getConnections.bind(primary))())).toBe(1);
      });
      request.destroy();
      await eventually(() =>
        expect(bench.arrived).toMatchObject([{ body: Buffer.from('broken off') }]),
      );
      await eventually(() => expect(bench.settled).toBe(1));
    });
  });
});
